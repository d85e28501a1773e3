// Brings the schemas of all services up to date.
#include "libs/host/process.h"
#include "services/all/services.h"

int main(int argc, char** argv) {
  return lotura::host::MigrateMain(argc, argv, lotura::AllServices());
}
