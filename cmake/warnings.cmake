# Warnings are errors, for the project's own code.
add_library(kck_warnings INTERFACE)
target_compile_options(kck_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wcast-align -Woverloaded-virtual -Wconversion
  -Wno-sign-conversion -Wimplicit-fallthrough -Werror)
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  target_compile_options(kck_warnings INTERFACE -Wthread-safety)
endif()
