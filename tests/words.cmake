# words/check: none of the private words that the field's words replaced is left.
option(CNNC_TEST_WORDS "Test the words of code, generated C, --help and documents" OFF)
find_program(PERL perl)
if(CNNC_TEST_WORDS)
  add_test(NAME words COMMAND ${PERL} ${CMAKE_CURRENT_SOURCE_DIR}/words/check ${PROJECT_SOURCE_DIR}
    $<TARGET_FILE:cnnc> $<TARGET_FILE:fake_program> ${PROJECT_BINARY_DIR})
endif()
