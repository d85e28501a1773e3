// get, list, create, update, delete and undelete, for records of any declared type.
#pragma once

#include <absl/status/status.h>

#include <string>
#include <vector>

#include "tools/lotura/session.h"

namespace lotura::cli {

struct ListFlags {
  std::string collection;
  std::string parent;
  std::string filter;
  std::string order_by;
  std::vector<std::string> columns;
  int page_size = 200;
  // 0: all.
  std::size_t limit = 1000;
  bool show_deleted = false;
};

struct CreateFlags {
  std::string collection;
  std::string parent;
  std::string id;
  // JSON, or a file of it after "@".
  std::string data;
  // "field=value".
  std::vector<std::string> assignments;
  bool validate_only = false;
};

struct UpdateFlags {
  std::string name;
  std::vector<std::string> assignments;
  std::string etag;
  bool validate_only = false;
};

enum class Removal { kDelete, kUndelete };

absl::Status Get(const Session& session, const std::string& name);
absl::Status List(const Session& session, const ListFlags& flags);
absl::Status Create(const Session& session, const CreateFlags& flags);
// The mask holds the fields that are assigned.
absl::Status Update(const Session& session, const UpdateFlags& flags);
absl::Status Remove(const Session& session, Removal removal, const std::string& name,
                    const std::string& etag);

}  // namespace lotura::cli
