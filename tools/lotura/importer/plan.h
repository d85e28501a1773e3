// The requests of one step, made of its rows before anything is sent.
#pragma once

#include <google/protobuf/message.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tools/lotura/importer/mapping.h"
#include "tools/lotura/importer/record_index.h"
#include "tools/lotura/importer/slug.h"

namespace lotura::importer {

// Why a row does not become what it should.
struct Rejection {
  const SourceRow* row = nullptr;
  std::string key;
  std::string reason;
  std::string message;
};

// One row that is to be sent.
struct PlannedRow {
  const SourceRow* row = nullptr;
  std::string key;
  // The record that is created or changed.
  std::string name;
  // Paths of the record, or of the call's request, that the row fills or clears.
  std::vector<std::string> paths;
  // A CreateRequest, an UpdateRequest or the verb's own request, without request_id.
  std::unique_ptr<pbuf::Message> request;
  // Keys of rows of the same step whose records must exist before.
  std::set<std::string> references;
  // Rows of a wave refer to rows of earlier waves alone.
  std::size_t wave = 0;
};

struct StepPlan {
  std::size_t rows_total = 0;
  // Rows that a condition or 'distinct' leaves out.
  std::size_t left_out = 0;
  // By wave, and within a wave in the order of the source.
  std::vector<PlannedRow> rows;
  std::vector<Rejection> rejections;
  std::size_t waves = 0;
};

// Plans a step. For a step that creates, the index learns the names that its records will have, and
// which are missing because their rows are rejected. Beyond the reasons of RowValues a row may be
// rejected as COLUMN_COUNT, TEXT_INVALID, KEY_EMPTY, KEY_TAKEN, ID_INVALID, ID_TAKEN,
// PARENT_INVALID, REFERENCE_CYCLE or EARLIER_STEP_REJECTED.
StepPlan PlanStep(const Mapping& mapping, const Step& step, const SlugMaker& slugs,
                  RecordIndex& index);

}  // namespace lotura::importer
