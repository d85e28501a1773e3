// A statement with a name: the name is the metric label and the log field.
#pragma once

namespace lotura::pg {

struct Query {
  const char* name;
  const char* text;
};

}  // namespace lotura::pg
