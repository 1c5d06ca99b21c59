# What the world outside of this tree sees: one shared library of the whole compiler, one static library of the runtime, and what
# `cmake --install` copies. It exists so that programs and plug-ins share one copy of every dialect and pass (docs/decisions/0013-plug-ins.md).
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
find_package(Threads REQUIRED)

set(TEGULA_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/Tegula)
set(TEGULA_RUNTIME_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/TegulaRuntime)

# tegula_add_stamp(): the hash of all that a plug-in is compiled against, written anew when one of the files changes.
function(tegula_add_stamp)
  set(stamp ${PROJECT_BINARY_DIR}/include/tegula/driver/Stamp.h)
  file(GLOB_RECURSE seen CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/*.h ${PROJECT_SOURCE_DIR}/dialects/*.td
    ${PROJECT_SOURCE_DIR}/passes/*.td ${PROJECT_SOURCE_DIR}/codegen/*.td)
  add_custom_command(OUTPUT ${stamp}
    COMMAND ${CMAKE_COMMAND} -DSTAMP=${stamp} -DROOT=${PROJECT_SOURCE_DIR} -DVERSION=${PROJECT_VERSION} -DLLVM_VERSION=${LLVM_PACKAGE_VERSION}
            -P ${PROJECT_SOURCE_DIR}/cmake/WriteStamp.cmake
    DEPENDS ${seen} ${PROJECT_SOURCE_DIR}/cmake/WriteStamp.cmake VERBATIM)
  add_custom_target(TegulaStamp DEPENDS ${stamp})
endfunction()

# tegula_objects(VARIABLE rooms...): the object files of rooms that exist.
function(tegula_objects variable)
  set(objects)
  foreach(room ${ARGN})
    if(TARGET ${room})
      list(APPEND objects $<TARGET_OBJECTS:${room}>)
    endif()
  endforeach()
  set(${variable} ${objects} PARENT_SCOPE)
endfunction()

# tegula_add_compiler_library(): target Tegula, all compiler rooms and the runtime as libtegula.so.
function(tegula_add_compiler_library)
  get_property(rooms GLOBAL PROPERTY TEGULA_ROOMS)
  list(REMOVE_ITEM rooms TegulaNpy) # of the tools alone
  tegula_objects(objects ${rooms})
  add_library(Tegula SHARED ${objects})
  set_target_properties(Tegula PROPERTIES OUTPUT_NAME tegula LINKER_LANGUAGE CXX VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR} INSTALL_RPATH "${LLVM_LIBRARY_DIRS}")
  target_include_directories(Tegula PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_include_directories(Tegula SYSTEM INTERFACE $<BUILD_INTERFACE:${MLIR_INCLUDE_DIRS}> $<BUILD_INTERFACE:${LLVM_INCLUDE_DIRS}>)
  target_link_libraries(Tegula PRIVATE TegulaOnnxProto Threads::Threads ${CMAKE_DL_LIBS} m PUBLIC MLIR LLVM)
  # ONNX's generated classes stay inside: a plug-in may bring its own. Calls within the library need no table.
  target_link_options(Tegula PRIVATE -Wl,--exclude-libs,libTegulaOnnxProto.a -Wl,-Bsymbolic-functions -Wl,-z,defs)
endfunction()

# tegula_add_runtime_library(): target TegulaRuntime, what runs artifacts in any program, without LLVM.
function(tegula_add_runtime_library)
  tegula_objects(objects TegulaArtifact TegulaRuntimeCore TegulaRuntimeCpu TegulaRuntimeCuda TegulaRuntimeEmulator)
  add_library(TegulaRuntime STATIC ${objects})
  set_target_properties(TegulaRuntime PROPERTIES OUTPUT_NAME tegula-runtime LINKER_LANGUAGE CXX EXPORT_NAME Runtime)
  target_include_directories(TegulaRuntime PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(TegulaRuntime PUBLIC Threads::Threads ${CMAKE_DL_LIBS} m)
endfunction()

# tegula_install_program(NAME...): programs that find the shared library where it is installed.
function(tegula_install_program)
  foreach(program ${ARGN})
    if(TARGET ${program})
      set_target_properties(${program} PROPERTIES INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR};${LLVM_LIBRARY_DIRS}")
      install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    endif()
  endforeach()
endfunction()

# tegula_install(): every rule of `cmake --install`.
function(tegula_install)
  tegula_install_program(tegula tegula-opt tegula-equiv tegula-lsp-server)
  install(TARGETS tegula-run RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(TARGETS Tegula EXPORT TegulaTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(TARGETS TegulaRuntime EXPORT TegulaRuntimeTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT TegulaTargets NAMESPACE Tegula:: DESTINATION ${TEGULA_CMAKE_DIR})
  install(EXPORT TegulaRuntimeTargets NAMESPACE Tegula:: DESTINATION ${TEGULA_RUNTIME_CMAKE_DIR})

  set(headers FILES_MATCHING PATTERN *.h PATTERN *.inc)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/tegula ${PROJECT_BINARY_DIR}/include/tegula DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} ${headers})
  # Tables include each other as dialects/graph/GraphOps.td; below include/tegula they stand beside their headers.
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/dialects ${PROJECT_SOURCE_DIR}/passes ${PROJECT_SOURCE_DIR}/codegen
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/tegula FILES_MATCHING PATTERN *.td)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} PATTERN results EXCLUDE)
  install(FILES ${PROJECT_SOURCE_DIR}/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})

  foreach(package Tegula TegulaRuntime)
    configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/${package}Config.cmake.in ${PROJECT_BINARY_DIR}/${package}Config.cmake
      INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/${package} PATH_VARS CMAKE_INSTALL_BINDIR CMAKE_INSTALL_INCLUDEDIR)
    write_basic_package_version_file(${PROJECT_BINARY_DIR}/${package}ConfigVersion.cmake COMPATIBILITY SameMinorVersion)
    install(FILES ${PROJECT_BINARY_DIR}/${package}Config.cmake ${PROJECT_BINARY_DIR}/${package}ConfigVersion.cmake
      DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/${package})
  endforeach()
  install(FILES ${PROJECT_SOURCE_DIR}/cmake/TegulaPlugins.cmake DESTINATION ${TEGULA_CMAKE_DIR})
endfunction()
