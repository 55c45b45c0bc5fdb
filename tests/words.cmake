# words/check: none of the private words that the field's words replaced is left.
# Words of code, generated C, --help and documents: words/rules.txt.
find_program(PERL perl REQUIRED)
add_test(NAME words COMMAND ${PERL} ${CMAKE_CURRENT_SOURCE_DIR}/words/check ${PROJECT_SOURCE_DIR}
  $<TARGET_FILE:cnnc> $<TARGET_FILE:fake_program> ${PROJECT_BINARY_DIR})
