# One step of a generated program against the interpreter, which shares no kernel with it.
# cmake -DCNNC= -DGENERIC= -DCOMPARE= -DMODEL= -DARGUMENTS= -DFOLDER= -DCOUNT= -P generic.cmake
file(MAKE_DIRECTORY ${FOLDER})
separate_arguments(ARGUMENTS)

function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE code)
  if(code)
    string(REPLACE ";" " " command "${ARGV}")
    message(FATAL_ERROR "exit code ${code}: ${command}")
  endif()
endfunction()

set(model_arguments ${ARGUMENTS})
list(FILTER model_arguments EXCLUDE REGEX "^--target") # the graph knows no target
run(${CNNC} export ${MODEL} ${model_arguments} -o ${FOLDER}/graph.json)
run(${CNNC} build --keep-values ${MODEL} ${ARGUMENTS} -o ${FOLDER}/program)
run(${FOLDER}/program trace --threads 2 --count ${COUNT} --out ${FOLDER}/got.safetensors)
run(${GENERIC} ${FOLDER}/graph.json step --threads 2 --trace ${FOLDER}/got.safetensors
  --out ${FOLDER}/wanted.safetensors)
run(${COMPARE} ${FOLDER}/got.safetensors ${FOLDER}/wanted.safetensors)
