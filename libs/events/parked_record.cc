#include "libs/events/parked_record.h"

#include "libs/base/check.h"
#include "libs/base/text.h"
#include "lotura/events/v1/parked.pb.h"

namespace lotura::events {

std::string ToParked(const BusRecord& record) {
  v1::ParkedRecord parked;
  parked.set_topic(record.topic);
  parked.set_key(record.key);
  for (const Header& header : record.headers) {
    v1::ParkedHeader* copy = parked.add_headers();
    // A header of a foreign producer may have any bytes as its name; those are of no use to us.
    copy->set_name(Utf8Size(header.name).has_value() ? header.name : std::string());
    copy->set_value(header.value);
  }
  parked.set_value(record.value);
  return parked.SerializeAsString();
}

ReceivedRecord ParkedAt(const pg::Rows& rows, std::size_t row, std::size_t column) {
  v1::ParkedRecord parked;
  // We wrote it.
  LOTURA_CHECK(parked.ParseFromString(rows.Bytes(row, column + 3)));
  ReceivedRecord received;
  received.record = {.topic = parked.topic(), .key = parked.key(), .value = parked.value()};
  for (const v1::ParkedHeader& header : parked.headers()) {
    received.record.headers.push_back({header.name(), header.value()});
  }
  received.place = {.topic = rows.String(row, column),
                    .partition = static_cast<std::int32_t>(rows.Int(row, column + 1)),
                    .offset = rows.Int(row, column + 2)};
  return received;
}

}  // namespace lotura::events
