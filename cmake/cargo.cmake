# kck_crate(FOLDER NAME): builds the crate in FOLDER, a static library, with cargo, and sets NAME_LIBRARY to it. All presets
# share build/cargo, so it is compiled once.
#
# Who links it names the file and no target: what is compiled then waits for no crate, only the link does.
function(kck_crate folder name)
  find_program(CARGO_PROGRAM cargo PATHS $ENV{HOME}/.cargo/bin)
  if(NOT CARGO_PROGRAM)
    message(FATAL_ERROR "cargo is not here: run tools/setup.sh, or configure with -DKCK_CASSANDRA=OFF")
  endif()
  set(target ${CMAKE_SOURCE_DIR}/build/cargo)
  set(library ${target}/release/lib${name}.a)
  file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.rs)
  # cargo leaves a library that would come out the same as it is; touched, it counts as newer than its sources.
  add_custom_command(
    OUTPUT ${library}
    COMMAND ${CARGO_PROGRAM} build --release --quiet --manifest-path ${folder}/Cargo.toml --target-dir ${target}
    COMMAND ${CMAKE_COMMAND} -E touch ${library}
    DEPENDS ${sources} ${folder}/Cargo.toml
    COMMENT "cargo build ${name}"
    VERBATIM)
  add_custom_target(${name}_crate DEPENDS ${library})
  set(${name}_LIBRARY ${library} PARENT_SCOPE)
endfunction()
