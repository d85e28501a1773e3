// What tests of filters, masks and tokens share.
#pragma once

#include <google/protobuf/text_format.h>

#include <string>

#include "libs/base/check.h"
#include "libs/resource/declaration.h"
#include "libs/resource/testdata/specimen.pb.h"

namespace lotura::resource {

namespace pb = testdata::v1;

inline const Declaration& SpecimenDeclaration() {
  static const auto* declaration =
      Declaration::Compile(pb::Specimen::descriptor()).value().release();
  return *declaration;
}

// A record in the text format of protobuf.
template <typename T = pb::Specimen>
T FromText(const std::string& text) {
  T message;
  LOTURA_CHECK(google::protobuf::TextFormat::ParseFromString(text, &message));
  return message;
}

}  // namespace lotura::resource
