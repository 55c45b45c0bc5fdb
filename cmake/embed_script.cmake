# Run by embed_files: writes OUTPUT with the FILES as C strings in the table VARIABLE.
set(text "#include \"driver/embedded.h\"\n\n#include <stddef.h>\n\nconst EmbeddedFile ${VARIABLE}[] = {\n")
foreach(file IN LISTS FILES)
  get_filename_component(name "${file}" NAME)
  file(READ "${file}" bytes HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" bytes "${bytes}")
  # Short literals next to each other: C promises 4095 characters a literal, compilers give more.
  string(REGEX REPLACE "((\\\\x[0-9a-f][0-9a-f])(\\\\x[0-9a-f][0-9a-f])?(\\\\x[0-9a-f][0-9a-f])?(\\\\x[0-9a-f][0-9a-f])?(\\\\x[0-9a-f][0-9a-f])?(\\\\x[0-9a-f][0-9a-f])?(\\\\x[0-9a-f][0-9a-f])?(\\\\x[0-9a-f][0-9a-f])?)" "\"\\1\"\n" bytes "${bytes}")
  string(APPEND text "{\"${name}\",\n${bytes}\"\"},\n")
endforeach()
string(APPEND text "{NULL, NULL}};\n")
file(WRITE "${OUTPUT}" "${text}")
