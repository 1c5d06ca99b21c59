# Declares the rooms: one static library a room, its sources all .cpp files of its folder, and what it links stated once.

# tegula_add_rooms(folders...): enters the folders that hold a room, in the order given; a room that appears later is noticed by the next build.
macro(tegula_add_rooms)
  file(GLOB rooms CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} */CMakeLists.txt */*/CMakeLists.txt)
  foreach(room ${ARGN})
    if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${room}/CMakeLists.txt)
      add_subdirectory(${room})
    endif()
  endforeach()
endmacro()

# tegula_thin_room(NAME LINK libs...): a room that may not see LLVM or MLIR.
function(tegula_thin_room name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cpp)
  if(NOT sources) # a room whose first source is still to come
    return()
  endif()
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/include ${PROJECT_BINARY_DIR}/include)
  target_compile_options(${name} PRIVATE -Wall -Wextra)
  target_link_libraries(${name} PUBLIC ${ARG_LINK})
  set_property(GLOBAL APPEND PROPERTY TEGULA_ROOMS ${name})
endfunction()

# tegula_room(NAME DEPENDS tablegen-targets... LINK libs...): a compiler room; links the shared MLIR and LLVM libraries.
function(tegula_room name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cpp)
  if(NOT sources) # a room whose first source is still to come
    return()
  endif()
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/include ${PROJECT_BINARY_DIR}/include)
  target_include_directories(${name} SYSTEM PUBLIC ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
  target_compile_options(${name} PRIVATE -Wall -Wextra -Wno-unused-parameter)
  target_link_libraries(${name} PUBLIC ${ARG_LINK} MLIR LLVM)
  set_property(GLOBAL APPEND PROPERTY TEGULA_ROOMS ${name})
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
  if(TARGET TegulaPrecompiled)
    target_precompile_headers(${name} REUSE_FROM TegulaPrecompiled)
  endif()
endfunction()

# One precompiled header for all compiler rooms: a file then compiles in 3 s instead of 16.
option(TEGULA_PRECOMPILED "precompile the MLIR headers" ON)
function(tegula_precompile header)
  if(NOT TEGULA_PRECOMPILED)
    return()
  endif()
  file(WRITE ${PROJECT_BINARY_DIR}/precompiled.cpp "// Only carries the precompiled header.\n")
  add_library(TegulaPrecompiled STATIC ${PROJECT_BINARY_DIR}/precompiled.cpp)
  target_include_directories(TegulaPrecompiled SYSTEM PUBLIC ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
  target_precompile_headers(TegulaPrecompiled PRIVATE ${header})
endfunction()

# tegula_tablegen(TARGET FILE.td OUT_DIR ARGS...): runs mlir-tblgen into build/include/tegula/<room>; ARGS are pairs NAME.inc=-gen-flag[,-more].
function(tegula_tablegen target td room)
  set(LLVM_TARGET_DEFINITIONS ${td})
  set(outputs)
  list(TRANSFORM MLIR_INCLUDE_DIRS PREPEND -I OUTPUT_VARIABLE includes)
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/include/tegula/${room})
  foreach(pair ${ARGN})
    string(REPLACE "=" ";" pair ${pair})
    list(GET pair 0 out)
    list(GET pair 1 flags)
    string(REPLACE "," ";" flags ${flags})
    string(REPLACE ":" "=" flags "${flags}")
    set(file ${PROJECT_BINARY_DIR}/include/tegula/${room}/${out})
    add_custom_command(OUTPUT ${file}
      COMMAND ${MLIR_TABLEGEN_EXE} ${flags} -I ${PROJECT_SOURCE_DIR} -I ${PROJECT_SOURCE_DIR}/include ${includes}
              ${CMAKE_CURRENT_SOURCE_DIR}/${td} -o ${file} -d ${file}.d --write-if-changed
      DEPFILE ${file}.d DEPENDS ${td} ${MLIR_TABLEGEN_EXE} VERBATIM)
    list(APPEND outputs ${file})
  endforeach()
  add_custom_target(${target} DEPENDS ${outputs})
endfunction()
