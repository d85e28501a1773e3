# Compiler, linker, cache and the packages that everything below uses.

find_program(LOTURA_CCACHE ccache)
if(LOTURA_CCACHE)
  # The precompiled header is the same for equal inputs; ccache must be told that it may trust it.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${LOTURA_CCACHE})
endif()

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "How to build" FORCE)
endif()
# Line tables are enough for a stack trace; more of them doubles the time to link.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")
add_compile_options(-fpch-preprocess)
add_link_options(-fuse-ld=mold)

set(LOTURA_SANITIZE "" CACHE STRING "Sanitizers to build with: empty, address or thread")
if(LOTURA_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  # GCC 12 takes what the sanitizer adds to std::regex for a use of what was never set (its bug 105562).
  add_compile_options(-Wno-maybe-uninitialized)
  add_link_options(-fsanitize=address,undefined)
elseif(LOTURA_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
elseif(NOT LOTURA_SANITIZE STREQUAL "")
  message(FATAL_ERROR "LOTURA_SANITIZE is '${LOTURA_SANITIZE}'; it may be empty, address or thread")
endif()

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(GTest REQUIRED)
find_package(Protobuf 3.21 REQUIRED)
find_package(absl REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(prometheus-cpp REQUIRED)
pkg_check_modules(grpcpp REQUIRED IMPORTED_TARGET grpc++>=1.51)
pkg_check_modules(pqxx REQUIRED IMPORTED_TARGET libpqxx>=6.4)
pkg_check_modules(pq REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(rdkafka REQUIRED IMPORTED_TARGET rdkafka++>=2.0 rdkafka)
pkg_check_modules(hiredis REQUIRED IMPORTED_TARGET hiredis>=0.14)
pkg_check_modules(curl REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(nghttp2 REQUIRED IMPORTED_TARGET libnghttp2>=1.52)
pkg_check_modules(simdjson REQUIRED IMPORTED_TARGET simdjson>=3.0)
pkg_check_modules(jemalloc REQUIRED IMPORTED_TARGET jemalloc>=5.3)

set(LOTURA_GOOGLEAPIS_DIR "" CACHE PATH "Folder that holds google/api, google/rpc, google/type and google/longrunning")
if(NOT EXISTS "${LOTURA_GOOGLEAPIS_DIR}/google/api/annotations.proto")
  message(FATAL_ERROR "LOTURA_GOOGLEAPIS_DIR does not hold google/api/annotations.proto: run tools/dev setup, then tools/dev build")
endif()
