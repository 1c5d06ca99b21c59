// Writes what threads did in the last runs as Chrome's trace events: one a kernel and thread, around them the
// runs.
#include "common/Trace.h"

#include "common/Files.h"
#include "common/Json.h"
#include "common/Report.h"

#include <algorithm>
#include <set>

namespace tegula::tools {

namespace {

/// An event that has a duration; times in microseconds, as the format wants them.
Json durationEvent(const char *category, const std::string &name, int64_t thread, int64_t begin,
                   int64_t end) {
  Json json('{');
  json.add("name", name)
      .add("cat", category)
      .add("ph", "X")
      .add("pid", int64_t(1))
      .add("tid", thread)
      .add("ts", double(begin) / 1e3)
      .add("dur", double(end - begin) / 1e3);
  return json;
}

std::string nameEvent(const char *what, int64_t thread, const std::string &name) {
  return Json('{')
      .add("name", what)
      .add("ph", "M")
      .add("pid", int64_t(1))
      .add("tid", thread)
      .raw("args", Json('{').add("name", name).close())
      .close();
}

} // namespace

Failure writeTrace(Session &session, int runs, const std::string &path) {
  std::vector<TracedRun> traced;
  if (Failure failure = session.runTraced(runs, traced))
    return failure;
  int64_t start = traced.empty() ? 0 : traced.front().begin;
  std::set<int64_t> threads = {0};
  size_t missed = 0;
  Json list('[');
  for (size_t run = 0; run < traced.size(); ++run) {
    list.raw("", durationEvent("run", "run " + std::to_string(run), 0, traced[run].begin - start,
                               traced[run].end - start)
                     .close());
    missed += traced[run].missed;
    for (const tgl_event &event : traced[run].events) {
      DispatchNames names;
      if (Failure failure = session.describeDispatch(event.dispatch, names))
        return failure;
      threads.insert(event.thread);
      Json arguments('{');
      arguments.add("nodes", names.nodes).add("cells", event.cells).add("dispatch", int64_t(event.dispatch));
      list.raw("", durationEvent("kernel", names.kernel, event.thread, event.begin_nanoseconds - start,
                                 event.end_nanoseconds - start)
                       .raw("args", arguments.close())
                       .close());
    }
  }
  if (missed)
    printMessages(path, {{Message::Severity::Warning, "", "", 0,
                          "the trace is cut: " + std::to_string(missed) + " events found no room"}});
  list.raw("", nameEvent("process_name", 0, "tegula on " + session.device()));
  for (int64_t thread : threads)
    list.raw("", nameEvent("thread_name", thread, thread ? "worker " + std::to_string(thread) : "caller"));
  std::string text = Json('{').raw("traceEvents", list.close()).add("displayTimeUnit", "ns").close() + "\n";
  return writeFile(path, {reinterpret_cast<const uint8_t *>(text.data()), text.size()});
}

} // namespace tegula::tools
