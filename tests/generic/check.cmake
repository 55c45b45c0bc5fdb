# One step of a generated program, and inference after two more, against the interpreter, which shares
# no kernel with it.
# cmake -DCNNC= -DGENERIC= -DCOMPARE= -DMODEL= -DARGUMENTS= -DCC= -DCFLAGS= -DFOLDER= -DCOUNT= -DNEAR=
#   -P generic/check.cmake
file(MAKE_DIRECTORY ${FOLDER})
separate_arguments(ARGUMENTS)
separate_arguments(CC)

function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE code)
  if(code)
    string(REPLACE ";" " " command "${ARGV}")
    message(FATAL_ERROR "exit code ${code}: ${command}")
  endif()
endfunction()

# The graph knows no target, the flags nothing but the target.
set(for_graph ${ARGUMENTS})
list(FILTER for_graph EXCLUDE REGEX "^--target")
set(for_flags ${ARGUMENTS})
list(FILTER for_flags INCLUDE REGEX "^--target")
execute_process(COMMAND ${CNNC} --cflags ${for_flags} OUTPUT_VARIABLE cflags)
execute_process(COMMAND ${CNNC} --libs OUTPUT_VARIABLE libs)
separate_arguments(cflags UNIX_COMMAND "${cflags}")
separate_arguments(libs UNIX_COMMAND "${libs}")

run(${CNNC} export ${MODEL} ${for_graph} -o ${FOLDER}/graph.json)
run(${CNNC} --keep-values ${MODEL} ${ARGUMENTS} -o ${FOLDER}/program.c)
run(${CC} ${cflags} ${CFLAGS} ${FOLDER}/program.c -o ${FOLDER}/program ${libs})

# compare(MODE OPTION...): the program's trace with these options against what cnn-generic does in MODE.
function(compare mode)
  set(got ${FOLDER}/${mode}.safetensors)
  set(wanted ${FOLDER}/${mode}_wanted.safetensors)
  run(${FOLDER}/program trace ${ARGN} --threads 2 --count ${COUNT} --out ${got})
  run(${GENERIC} ${FOLDER}/graph.json ${mode} --threads 2 --trace ${got} --out ${wanted})
  run(${COMPARE} ${got} ${wanted} ${NEAR})
endfunction()
compare(step)
compare(infer --infer --steps 2)
