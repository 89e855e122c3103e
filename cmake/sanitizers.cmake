add_library(kck_sanitizers INTERFACE)
if(KCK_FUZZ)
  target_compile_options(kck_sanitizers INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(KCK_SANITIZE)
  target_compile_options(kck_sanitizers INTERFACE
    -fsanitize=${KCK_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(kck_sanitizers INTERFACE -fsanitize=${KCK_SANITIZE})
endif()
