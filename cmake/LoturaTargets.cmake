# How libraries, binaries and tests are declared. Sources are globbed, so that a new file needs no list.
#
#   *.cc            part of the library, but for main.cc
#   *_test.cc       ring "unit": no server, no network
#   *_pg_test.cc    ring "pg": real PostgreSQL, and Kafka or Redis where the part under test uses them
# A test file whose first line says "tsan" in a comment is built into the ring that runs under the thread sanitizer too.

# Designated initializers leave the rest at its default on purpose.
set(LOTURA_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-missing-field-initializers -Werror)

if(LOTURA_SANITIZE STREQUAL "thread")
  # The whole ring, and nothing that only other rings need.
  add_custom_target(lotura_tsan_tests)
endif()

# A test runs for a moment and is compiled again and again.
set(LOTURA_TEST_OPTIONS "")
if(LOTURA_SANITIZE STREQUAL "")
  set(LOTURA_TEST_OPTIONS -O1)
endif()

function(_lotura_precompiled target header)
  cmake_parse_arguments(arg "" "" "OPTIONS;DEPS" ${ARGN})
  add_library(${target} OBJECT ${CMAKE_SOURCE_DIR}/cmake/${header}.cc)
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${target} PUBLIC absl::statusor protobuf::libprotobuf fmt::fmt ${arg_DEPS})
  target_compile_options(${target} PRIVATE ${LOTURA_WARNINGS} ${arg_OPTIONS})
  target_precompile_headers(${target} PRIVATE ${CMAKE_SOURCE_DIR}/cmake/${header}.h)
endfunction()

_lotura_precompiled(lotura_pch pch)
if(BUILD_TESTING)
  _lotura_precompiled(lotura_test_pch test_pch OPTIONS ${LOTURA_TEST_OPTIONS} DEPS GTest::gmock)
endif()

# Compiled as all code is, on top of a precompiled header.
function(_lotura_common target precompiled)
  target_compile_options(${target} PRIVATE ${LOTURA_WARNINGS} ${ARGN})
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/gen)
  target_precompile_headers(${target} REUSE_FROM ${precompiled})
endfunction()

# SQL files become constants: namespace <folders>::sql, one pg::Query for each "-- name:" block and a list kAll.
function(_lotura_embed_sql target out_sources)
  file(GLOB queries CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.sql)
  file(GLOB migrations CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/migrations/*.sql)
  set(generated "")
  file(RELATIVE_PATH folder ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  if(queries)
    set(stem ${CMAKE_BINARY_DIR}/gen/${folder}/queries)
    add_custom_command(OUTPUT ${stem}.sql.h ${stem}.sql.cc
      COMMAND /usr/bin/python3 ${CMAKE_SOURCE_DIR}/cmake/embed_sql.py queries ${folder} ${stem} ${queries}
      DEPENDS ${queries} ${CMAKE_SOURCE_DIR}/cmake/embed_sql.py VERBATIM)
    list(APPEND generated ${stem}.sql.h ${stem}.sql.cc)
  endif()
  if(migrations)
    set(stem ${CMAKE_BINARY_DIR}/gen/${folder}/migrations)
    add_custom_command(OUTPUT ${stem}.sql.h ${stem}.sql.cc
      COMMAND /usr/bin/python3 ${CMAKE_SOURCE_DIR}/cmake/embed_sql.py migrations ${folder} ${stem} ${migrations}
      DEPENDS ${migrations} ${CMAKE_SOURCE_DIR}/cmake/embed_sql.py VERBATIM)
    list(APPEND generated ${stem}.sql.h ${stem}.sql.cc)
  endif()
  set(${out_sources} ${generated} PARENT_SCOPE)
endfunction()

function(_lotura_test_binary target label timeout library)
  set(sources ${ARGN})
  if(NOT sources)
    return()
  endif()
  add_executable(${target} ${sources})
  _lotura_common(${target} lotura_test_pch ${LOTURA_TEST_OPTIONS})
  target_link_libraries(${target} PRIVATE ${library} lotura_testing GTest::gmock_main)
  add_test(NAME ${target} COMMAND ${target})
  set_tests_properties(${target} PROPERTIES LABELS "${label}" TIMEOUT ${timeout})
endfunction()

# lotura_library(<name> DEPS <targets>): everything in the current folder.
function(lotura_library name)
  cmake_parse_arguments(arg "" "" "DEPS;TEST_DEPS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc domain/*.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "(_test|/main)\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  _lotura_embed_sql(${name} embedded)
  add_library(${name} STATIC ${sources} ${embedded})
  _lotura_common(${name} lotura_pch)
  target_link_libraries(${name} PUBLIC ${arg_DEPS})
  if(BUILD_TESTING)
    set(pg_tests ${tests})
    list(FILTER pg_tests INCLUDE REGEX "_pg_test\\.cc$")
    list(FILTER tests EXCLUDE REGEX "_pg_test\\.cc$")
    set(tsan_tests "")
    foreach(file ${tests} ${pg_tests})
      file(STRINGS ${file} first_line LIMIT_COUNT 1)
      if(first_line MATCHES "^//.*tsan")
        list(APPEND tsan_tests ${file})
      endif()
    endforeach()
    if(LOTURA_SANITIZE STREQUAL "thread")
      _lotura_test_binary(${name}_tsan_test "tsan" 600 ${name} ${tsan_tests})
      if(TARGET ${name}_tsan_test)
        add_dependencies(lotura_tsan_tests ${name}_tsan_test)
      endif()
    else()
      _lotura_test_binary(${name}_test "unit" 300 ${name} ${tests})
      _lotura_test_binary(${name}_pg_test "pg" 600 ${name} ${pg_tests})
    endif()
    foreach(test ${name}_test ${name}_pg_test ${name}_tsan_test)
      if(TARGET ${test} AND arg_TEST_DEPS)
        target_link_libraries(${test} PRIVATE ${arg_TEST_DEPS})
      endif()
    endforeach()
  endif()
endfunction()

# lotura_binary(<name> <source> DEPS <targets>)
function(lotura_binary name source)
  cmake_parse_arguments(arg "" "" "DEPS" ${ARGN})
  add_executable(${name} ${source})
  _lotura_common(${name} lotura_pch)
  target_link_libraries(${name} PRIVATE ${arg_DEPS})
  # Sanitizers bring their own.
  if(LOTURA_SANITIZE STREQUAL "")
    target_link_libraries(${name} PRIVATE PkgConfig::jemalloc)
  endif()
endfunction()

# lotura_component_tests(<name> DEPS <targets>): tests/ of a service, run against the assembled app.
function(lotura_component_tests name)
  cmake_parse_arguments(arg "" "" "DEPS" ${ARGN})
  file(GLOB tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/tests/*_test.cc)
  if(BUILD_TESTING AND tests AND NOT LOTURA_SANITIZE STREQUAL "thread")
    _lotura_test_binary(${name} "component" 600 "${arg_DEPS}" ${tests})
  endif()
endfunction()

# lotura_pytest(<name> <label> <timeout in seconds> <files>): tests in Python, with the tools and tests/kit within reach.
function(lotura_pytest name label timeout)
  list(TRANSFORM ARGN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ OUTPUT_VARIABLE files)
  add_test(NAME ${name} COMMAND /usr/bin/python3 -m pytest -q -p no:cacheprovider ${files})
  set_tests_properties(${name} PROPERTIES
    LABELS ${label}
    TIMEOUT ${timeout}
    ENVIRONMENT "PYTHONPATH=${CMAKE_SOURCE_DIR}/tools:${CMAKE_SOURCE_DIR}/tests;PYTHONDONTWRITEBYTECODE=1;LOTURA_BINARIES=${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
endfunction()

# lotura_installation_tests(<names>): each of them runs a whole installation. Two side by side fill a machine; more would only
# slow each other down.
function(lotura_installation_tests)
  cmake_host_system_information(RESULT cores QUERY NUMBER_OF_LOGICAL_CORES)
  math(EXPR half "(${cores} + 1) / 2")
  set_tests_properties(${ARGN} PROPERTIES PROCESSORS ${half})
endfunction()
