# kck_module(NAME [DEPS module…] [LIBS target…] [PRIVATE target…] [WITHOUT regex] [TESTING])
# One library a folder of src/: kck_NAME, of all its .cc files but the tests and what WITHOUT matches. PRIVATE are libraries
# that none of its headers includes. TESTING marks a library that only tests use.
function(kck_module name)
  cmake_parse_arguments(ARG "TESTING" "WITHOUT" "DEPS;LIBS;PRIVATE" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cc)
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  if(ARG_WITHOUT)
    list(FILTER sources EXCLUDE REGEX ${ARG_WITHOUT})
  endif()
  list(TRANSFORM ARG_DEPS PREPEND kck_)
  if(sources)
    set(kind PUBLIC)
    add_library(kck_${name} STATIC ${sources})
    kck_target(kck_${name})
    target_link_libraries(kck_${name} PRIVATE ${ARG_PRIVATE})
  else()
    set(kind INTERFACE)
    add_library(kck_${name} INTERFACE)
  endif()
  target_include_directories(kck_${name} ${kind} ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(kck_${name} ${kind} ${ARG_DEPS} ${ARG_LIBS})
endfunction()

# What every target of the project is compiled with. Two sets of headers are precompiled, one with kck_base and one with
# kck_base_test; all others use those. Test programs' own files are not optimised, which halves their time in the compiler:
# what they test is. Precompiled is what many files include, and no more: clang-tidy walks through all of it each time.
function(kck_target target)
  target_link_libraries(${target} PRIVATE kck_warnings kck_sanitizers)
  set(owner kck_base)
  set(headers <algorithm> <array> <atomic> <chrono> <condition_variable> <coroutine> <deque> <filesystem> <functional>
              <map> <memory> <mutex> <optional> <ranges> <set> <span> <string> <string_view> <unordered_map> <vector>
              <boost/unordered/unordered_map.hpp> <fmt/format.h> <tl/expected.hpp>)
  if(target MATCHES "_test$")
    target_compile_options(${target} PRIVATE -O0)
    set(owner kck_base_test)
    list(APPEND headers <future> <thread> <boost/asio/io_context.hpp> <boost/asio/steady_timer.hpp> <gmock/gmock.h>
                        <gtest/gtest.h> <rapidcheck.h>)
  endif()
  if(target STREQUAL owner)
    target_precompile_headers(${target} PRIVATE ${headers})
  else()
    target_precompile_headers(${target} REUSE_FROM ${owner})
  endif()
  if(KCK_TEST_HOOKS)
    target_compile_definitions(${target} PUBLIC KCK_TEST_HOOKS)
  endif()
endfunction()

# kck_tests(module…): one test program a module, kck_NAME_test, of its *_test.cc files. Those of Cassandra's client and of the
# store in it are programs of their own: they need a cluster, and their own time.
function(kck_tests)
  foreach(name ${ARGN})
    file(GLOB tests CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*_test.cc)
    list(FILTER tests EXCLUDE REGEX "/store/(cql|cassandra)_")
    if(tests)
      kck_test_program(${name} ${name} ${tests})
    endif()
  endforeach()
endfunction()

# kck_test_program(NAME MODULE source…)
function(kck_test_program name module)
  add_executable(kck_${name}_test ${ARGN})
  kck_target(kck_${name}_test)
  target_link_libraries(kck_${name}_test PRIVATE kck_${module} kck_testing GTest::gtest_main GTest::gmock rapidcheck)
  set_target_properties(kck_${name}_test PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
endfunction()
