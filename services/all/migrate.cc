// Brings the schemas of all services up to date.
#include "libs/host/process.h"
#include "services/accounts/app.h"
#include "services/analytics/app.h"
#include "services/communications/app.h"
#include "services/directory/app.h"
#include "services/sales/app.h"

int main(int argc, char** argv) {
  return lotura::host::MigrateMain(
      argc, argv,
      {lotura::directory::Spec(), lotura::accounts::Spec(), lotura::sales::Spec(),
       lotura::communications::Spec(), lotura::analytics::Spec()});
}
