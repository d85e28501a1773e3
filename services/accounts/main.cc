// The accounts service as a process of its own.
#include "libs/host/process.h"
#include "services/accounts/app.h"

int main(int argc, char** argv) {
  return lotura::host::Main(argc, argv, {lotura::accounts::Spec()});
}
