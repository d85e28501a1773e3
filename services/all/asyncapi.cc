// Prints the AsyncAPI document of all events.
#include <cstdio>

#include "libs/feed/asyncapi.h"
#include "services/all/event_catalogs.h"

int main() {
  const lotura::EventCatalogs catalogs;
  std::fputs(lotura::feed::AsyncApiDocument(catalogs.all()).c_str(), stdout);
  return 0;
}
