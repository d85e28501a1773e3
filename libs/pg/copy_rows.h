// Rows as COPY reads them in PostgreSQL's binary format.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lotura::pg {

// Rows for one table, filled field by field, of which any may be sent.
class CopyRows {
 public:
  explicit CopyRows(std::size_t fields) : fields_(fields) {}

  // What stands before all rows and behind them.
  static std::string Header();
  static std::string Trailer();

  // The next field, in binary format and of exactly the type of its column. The last one ends the
  // row.
  CopyRows& Add(std::string_view bytes);
  CopyRows& AddNull();

  // Complete rows.
  [[nodiscard]] std::size_t size() const { return ends_.size(); }
  // The bytes of neighboring rows, from `first` on and before `last`.
  [[nodiscard]] std::string_view Bytes(std::size_t first, std::size_t last) const;

 private:
  void Begin();
  void End();

  std::size_t fields_;
  // Of the row that is being filled.
  std::size_t filled_ = 0;
  std::string bytes_;
  std::vector<std::size_t> ends_;
};

}  // namespace lotura::pg
