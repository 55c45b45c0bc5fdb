# embed_files(OUTPUT VARIABLE FILE...): a C source with the text of the files, as a table
# `const EmbeddedFile VARIABLE[]` of name and text that ends with {NULL, NULL} (compiler/driver/embedded.h).
# The build writes it again when a file changes.
function(embed_files output variable)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} -DVARIABLE=${variable} "-DFILES=${ARGN}"
            -P ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/embed_script.cmake
    DEPENDS ${ARGN} ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/embed_script.cmake
    VERBATIM)
endfunction()
