// How a tool ends that cannot go on: by a crash, a limit or a signal. Whatever ends it, there is a last line
// and no half-written file.
#pragma once

#include "tegula/Tegula.h"

#include <cstdint>
#include <exception>
#include <string>

namespace tegula::tools {

/// Turns a crash into exit code 70 with a line of text and a reproducer, and want of memory into exit code 4;
/// an interrupt removes what is half written. To be called first.
void installCrashHandlers(const char *tool);

/// Ends the process because memory cannot be had.
[[noreturn]] void endOutOfMemory();

/// Whether an exception says that memory, or threads, cannot be had.
bool isWantOfMemory(const std::exception &error);

/// Removes `path` if the process ends in a crash, a limit or a signal; an empty path forgets it.
void removeOnCrash(const std::string &path);

/// Lets the process have no more than so many bytes of memory of its own; false where the system refuses.
bool limitMemory(uint64_t bytes);

/// Ends the process after so many seconds.
void limitTime(double seconds);

/// Says of a message about memory that it was --max-memory, where it was.
void explainMemory(Message &message);

/// What an internal error is to be repeated with: the words of the command line. `input` is what standard
/// input held, and must live as long as the process may crash.
void setReproducer(int argc, const char *const *argv, const std::string &version);
void setReproducerInput(const std::string &input);

/// Writes the reproducer and returns its path; empty where none can be written, or nothing is to be repeated.
std::string writeReproducer();

} // namespace tegula::tools
