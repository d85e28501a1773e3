// A declared record type with its rules, as the engine holds it.
#pragma once

#include <functional>
#include <memory>

#include "libs/base/errors.h"
#include "libs/resource/declaration.h"

namespace lotura::resource {

class Changes;

// The rules of one record type: plain functions over its message. `before` is null at creation. Any
// of them may be left out.
template <typename T>
struct Rules {
  // Fills what follows from other fields; runs before the fields are checked. It may load other
  // records.
  std::function<absl::Status(Changes& changes, const T* before, T& after)> derive;
  // Adds what is wrong, with the path within the record ("amount.units"). All violations of a
  // request are answered at once.
  std::function<void(const T* before, const T& after, Violations& violations)> validate;
  // Changes other records together with this one: in the same transaction, each with its own event.
  std::function<absl::Status(Changes& changes, const T* before, const T& after)> on_change;
};

// Rules over messages of any type.
using AnyRules = Rules<pbuf::Message>;

template <typename T>
AnyRules Erase(Rules<T> rules) {
  AnyRules any;
  if (rules.derive) {
    any.derive = [derive = std::move(rules.derive)](Changes& changes, const pbuf::Message* before,
                                                    pbuf::Message& after) {
      return derive(changes, static_cast<const T*>(before), static_cast<T&>(after));
    };
  }
  if (rules.validate) {
    any.validate = [validate = std::move(rules.validate)](const pbuf::Message* before,
                                                          const pbuf::Message& after,
                                                          Violations& violations) {
      validate(static_cast<const T*>(before), static_cast<const T&>(after), violations);
    };
  }
  if (rules.on_change) {
    any.on_change = [on_change = std::move(rules.on_change)](
                        Changes& changes, const pbuf::Message* before, const pbuf::Message& after) {
      return on_change(changes, static_cast<const T*>(before), static_cast<const T&>(after));
    };
  }
  return any;
}

struct RecordType {
  std::unique_ptr<const Declaration> declaration;
  AnyRules rules;
};

}  // namespace lotura::resource
