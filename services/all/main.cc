// Every service in one process: the platform on a laptop.
#include "libs/host/process.h"
#include "services/all/services.h"

int main(int argc, char** argv) { return lotura::host::Main(argc, argv, lotura::AllServices()); }
