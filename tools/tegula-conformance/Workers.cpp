// Forks one process a core, feeds each with case numbers over a pipe, and replaces the ones that die or do
// not answer in time.
#include "Workers.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tegula::tools {

namespace {

using Clock = std::chrono::steady_clock;

bool readExactly(int file, void *data, size_t size) {
  auto *bytes = static_cast<char *>(data);
  while (size > 0) {
    ssize_t count = read(file, bytes, size);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return false;
    bytes += count, size -= size_t(count);
  }
  return true;
}

bool writeExactly(int file, const void *data, size_t size) {
  auto *bytes = static_cast<const char *>(data);
  while (size > 0) {
    ssize_t count = write(file, bytes, size);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return false;
    bytes += count, size -= size_t(count);
  }
  return true;
}

struct Answer {
  uint64_t size = 0;
  Verdict verdict = Verdict::Failed;
};

[[noreturn]] void work(int requests, int answers, const std::function<CaseResult(size_t)> &job) {
  uint64_t index = 0;
  while (readExactly(requests, &index, sizeof index)) {
    CaseResult result;
    try {
      result = job(size_t(index));
    } catch (const std::exception &error) {
      result = {Verdict::Failed, std::string("exception: ") + error.what()};
    }
    Answer answer{result.reason.size(), result.verdict};
    if (!writeExactly(answers, &answer, sizeof answer) ||
        !writeExactly(answers, result.reason.data(), result.reason.size()))
      break;
  }
  _exit(0);
}

class Worker {
public:
  ~Worker() { stop(); }

  bool start(const WorkerOptions &options, const std::function<CaseResult(size_t)> &job) {
    int toChild[2], fromChild[2];
    if (pipe2(toChild, O_CLOEXEC) != 0)
      return false;
    if (pipe2(fromChild, O_CLOEXEC) != 0) {
      close(toChild[0]), close(toChild[1]);
      return false;
    }
    errors = memfd_create("errors", MFD_CLOEXEC); // what it says before a crash
    pid = fork();
    if (pid == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      rlimit core{0, 0}, memory{options.memoryLimit, options.memoryLimit};
      setrlimit(RLIMIT_CORE, &core);
      if (options.memoryLimit)
        setrlimit(RLIMIT_AS, &memory);
      if (errors >= 0)
        dup2(errors, STDERR_FILENO), dup2(errors, STDOUT_FILENO);
      close(toChild[1]), close(fromChild[0]);
      work(toChild[0], fromChild[1], job);
    }
    close(toChild[0]), close(fromChild[1]);
    requests = toChild[1], answers = fromChild[0];
    return pid > 0;
  }

  /// Ends the process; returns its wait status.
  int stop() {
    int status = 0;
    for (int *file : {&requests, &answers, &errors})
      if (*file >= 0)
        close(*file), *file = -1;
    if (pid > 0) {
      kill(pid, SIGKILL);
      waitpid(pid, &status, 0);
    }
    pid = -1;
    return status;
  }

  bool give(size_t next, double timeLimit) {
    if (errors >= 0 && (ftruncate(errors, 0) != 0 || lseek(errors, 0, SEEK_SET) != 0))
      return false;
    index = next, busy = true;
    deadline =
        Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(timeLimit));
    uint64_t number = next;
    return writeExactly(requests, &number, sizeof number);
  }

  bool take(CaseResult &result) {
    Answer answer;
    if (!readExactly(answers, &answer, sizeof answer))
      return false;
    result.verdict = answer.verdict;
    result.reason.resize(answer.size);
    return readExactly(answers, result.reason.data(), answer.size);
  }

  /// How a process that closed its pipe came to its end.
  std::string lastWords() {
    char text[4096];
    ssize_t size = 0;
    if (errors >= 0) {
      off_t end = lseek(errors, 0, SEEK_END);
      size = pread(errors, text, sizeof text, std::max<off_t>(0, end - off_t(sizeof text)));
    }
    std::string said(text, size_t(std::max<ssize_t>(size, 0)));
    int status = 0;
    waitpid(pid, &status, 0);
    pid = -1;
    stop();
    std::string how = WIFSIGNALED(status) ? strsignal(WTERMSIG(status))
                                          : "exit code " + std::to_string(WEXITSTATUS(status));
    std::string first = said.substr(0, said.find('\n'));
    return "crashed: " + how + (first.empty() ? "" : " (" + first.substr(0, 300) + ")");
  }

  pid_t pid = -1;
  int requests = -1, answers = -1, errors = -1;
  bool busy = false;
  size_t index = 0;
  Clock::time_point deadline;
};

int millisecondsUntil(Clock::time_point time) {
  return int(std::max<int64_t>(
      0, std::chrono::duration_cast<std::chrono::milliseconds>(time - Clock::now()).count() + 1));
}

} // namespace

void runInWorkers(size_t count, const WorkerOptions &options, const std::function<CaseResult(size_t)> &job,
                  const std::function<void(size_t, CaseResult)> &done) {
  signal(SIGPIPE, SIG_IGN);
  std::vector<Worker> workers(
      std::min<size_t>(size_t(std::max(1, options.jobs)), std::max<size_t>(count, 1)));
  size_t next = 0, running = 0;
  auto feed = [&](Worker &worker) {
    while (next < count) {
      size_t index = next++;
      if ((worker.pid > 0 || worker.start(options, job)) && worker.give(index, options.timeLimit)) {
        ++running;
        return;
      }
      worker.stop();
      done(index, {Verdict::Failed, "no worker process could be started"});
    }
  };
  for (Worker &worker : workers)
    feed(worker);
  while (running > 0) {
    std::vector<pollfd> polls;
    Clock::time_point first = Clock::time_point::max();
    for (Worker &worker : workers) {
      polls.push_back({worker.busy ? worker.answers : -1, POLLIN, 0});
      if (worker.busy)
        first = std::min(first, worker.deadline);
    }
    if (poll(polls.data(), polls.size(), millisecondsUntil(first)) < 0 && errno != EINTR)
      break;
    for (size_t i = 0; i < workers.size(); ++i) {
      Worker &worker = workers[i];
      if (!worker.busy)
        continue;
      CaseResult result;
      if (polls[i].revents) {
        if (!worker.take(result))
          result = {Verdict::Failed, worker.lastWords()};
      } else if (Clock::now() >= worker.deadline) {
        worker.stop();
        result = {Verdict::Failed, "timed out after " + std::to_string(int(options.timeLimit)) + " s"};
      } else {
        continue;
      }
      worker.busy = false;
      --running;
      done(worker.index, std::move(result));
      feed(worker);
    }
  }
}

} // namespace tegula::tools
