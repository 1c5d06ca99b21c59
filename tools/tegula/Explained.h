// What the verb explain knows of a model, and the three forms in which it says so.
#pragma once

#include "common/Report.h"
#include "tegula/Tegula.h"

#include <string>
#include <vector>

namespace tegula::tools {

/// What was measured, all in the same minute.
struct Measured {
  std::vector<double> microseconds; ///< of each launch, the median of all runs
  int64_t runs = 0, threads = 0;
  double runMicroseconds = 0; ///< of a whole run, the median
  /// The machine's roof: operations and bytes a second; 0 where it was not measured.
  double peakFlops = 0, peakBytes = 0;
};

/// How often a run launches it; once where only the run tells.
inline double timesOf(const Explanation::Launch &launch) {
  return launch.steps < 0 ? 1 : double(launch.steps);
}

/// What to say behind a sum over the launches of the general code where a run may have more of them.
std::string stepsText(const Explanation &explanation);

struct Explained {
  std::string model;
  Explanation explanation;
  const Measured *measured = nullptr; ///< null: nothing was

  const Explanation::Kernel &kernelOf(const Explanation::Launch &launch) const {
    return explanation.kernels[launch.kernel];
  }
  /// Of all launches of the general code.
  double predictedMicroseconds() const;
  /// The part of its time in which a launch would be done at the roof, from 0 to 1; 0 where no roof is known,
  /// or not how often it was launched.
  double roofShare(size_t launch) const;
  /// The measured time of a launch, 0 where it was not run.
  double measuredMicroseconds(size_t launch) const;
};

std::string explainAsText(const Explained &explained);
std::string explainAsJson(const Explained &explained);
/// One page that needs nothing else.
std::string explainAsHtml(const Explained &explained);

/// "12.4 MiB", "3.1 KiB", "12 B".
std::string byteText(double bytes);
/// "12.4 GFLOP", "3.1 MFLOP".
std::string flopText(double flops);
/// "12.4 ms", "3.1 us".
std::string timeText(double microseconds);

} // namespace tegula::tools
