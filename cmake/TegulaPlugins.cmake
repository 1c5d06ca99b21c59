# What a project of passes needs besides the targets of find_package(Tegula).

# tegula_add_pass_plugin(NAME SOURCES files... [PASSES Passes.td]): a plug-in lib/NAME.so for --load-pass-plugin. Of the table of passes
# Passes.h.inc is generated into the build folder, which is on the include path.
function(tegula_add_pass_plugin name)
  cmake_parse_arguments(ARG "" "PASSES" "SOURCES" ${ARGN})
  if(NOT ARG_SOURCES)
    message(FATAL_ERROR "tegula_add_pass_plugin(${name}): expected SOURCES")
  endif()
  add_library(${name} MODULE ${ARG_SOURCES})
  set_target_properties(${name} PROPERTIES PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/lib POSITION_INDEPENDENT_CODE ON)
  target_compile_features(${name} PRIVATE cxx_std_20)
  target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_BINARY_DIR})
  target_include_directories(${name} SYSTEM PRIVATE ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
  target_link_libraries(${name} PRIVATE Tegula::Tegula)
  target_link_options(${name} PRIVATE -Wl,-z,defs) # what is missing is to fail here, not when the plug-in is loaded
  if(ARG_PASSES)
    set(out ${CMAKE_CURRENT_BINARY_DIR}/Passes.h.inc)
    set(includes)
    foreach(folder ${CMAKE_CURRENT_SOURCE_DIR} ${TEGULA_INCLUDE_DIR} ${TEGULA_INCLUDE_DIR}/tegula ${MLIR_INCLUDE_DIRS})
      list(APPEND includes -I ${folder})
    endforeach()
    add_custom_command(OUTPUT ${out}
      COMMAND ${MLIR_TABLEGEN_EXE} -gen-pass-decls -name ${name} ${includes} ${CMAKE_CURRENT_SOURCE_DIR}/${ARG_PASSES} -o ${out} -d ${out}.d
      DEPFILE ${out}.d DEPENDS ${ARG_PASSES} VERBATIM)
    target_sources(${name} PRIVATE ${out})
  endif()
endfunction()
