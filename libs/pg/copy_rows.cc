#include "libs/pg/copy_rows.h"

#include <cstdint>

#include "libs/base/check.h"
#include "libs/pg/wire.h"

namespace lotura::pg {

std::string CopyRows::Header() {
  std::string header("PGCOPY\n\377\r\n\0", 11);
  AppendBigEndian(header, std::uint32_t{0});  // flags
  AppendBigEndian(header, std::uint32_t{0});  // size of the header's extension
  return header;
}

std::string CopyRows::Trailer() {
  std::string trailer;
  AppendBigEndian(trailer, std::uint16_t{0xFFFF});
  return trailer;
}

CopyRows& CopyRows::Add(std::string_view bytes) {
  Begin();
  AppendBigEndian(bytes_, static_cast<std::uint32_t>(bytes.size()));
  bytes_.append(bytes);
  End();
  return *this;
}

CopyRows& CopyRows::AddNull() {
  Begin();
  AppendBigEndian(bytes_, kNullSize);
  End();
  return *this;
}

std::string_view CopyRows::Bytes(std::size_t first, std::size_t last) const {
  LOTURA_CHECK(first <= last && last <= size());
  const std::size_t begin = first == 0 ? 0 : ends_[first - 1];
  const std::size_t end = last == 0 ? 0 : ends_[last - 1];
  return std::string_view(bytes_).substr(begin, end - begin);
}

void CopyRows::Begin() {
  if (filled_++ == 0) AppendBigEndian(bytes_, static_cast<std::uint16_t>(fields_));
}

void CopyRows::End() {
  if (filled_ < fields_) return;
  filled_ = 0;
  ends_.push_back(bytes_.size());
}

}  // namespace lotura::pg
