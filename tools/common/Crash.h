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

/// "512M" in bytes; false where it is no size.
bool parseBytes(const std::string &text, uint64_t &bytes);

/// Lets the process have no more than so many bytes of memory of its own; false where the system refuses.
bool limitMemory(uint64_t bytes);

/// Ends the process after so many seconds.
void limitTime(double seconds);

/// Says of a message about memory that it was --max-memory, where it was.
void explainMemory(Message &message);

/// Files of a reproducer: the script that repeats the error, and what standard input held.
inline constexpr const char *replayScript = "replay.sh", *reproducedInput = "input.mlir";

/// What an internal error is to be repeated with: the words of the command line, which the verb reproduce
/// takes. `input` is what standard input held, and must live as long as the process may crash.
void setReproducer(int argc, const char *const *argv);
void setReproducerInput(const std::string &input);

/// Makes the reproducer and returns the path of its script; empty where there is none, or nothing is to be
/// repeated.
std::string writeReproducer();

/// A word as a shell reads it.
std::string quotedForShell(const std::string &word);

} // namespace tegula::tools
