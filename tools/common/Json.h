// Builds JSON field by field, so that tools write numbers and names in one way.
#pragma once

#include "common/Report.h"

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>

namespace tegula::tools {

/// A JSON object or array, by the brace or bracket that opens it.
class Json {
public:
  explicit Json(char open) : text(1, open) {}
  Json &add(const std::string &name, const std::string &value) { return raw(name, jsonString(value)); }
  Json &add(const std::string &name, const char *value) { return raw(name, jsonString(value)); }
  Json &add(const std::string &name, int64_t value) { return raw(name, std::to_string(value)); }
  Json &add(const std::string &name, bool value) { return raw(name, value ? "true" : "false"); }
  /// null where there is no such number.
  Json &add(const std::string &name, double value) {
    char number[40];
    std::snprintf(number, sizeof number, "%.10g", value);
    return raw(name, std::isfinite(value) ? number : "null");
  }
  /// Elements of arrays have no name.
  Json &raw(const std::string &name, const std::string &value) {
    if (text.size() > 1)
      text += ", ";
    if (!name.empty())
      text += jsonString(name) + ": ";
    text += value;
    return *this;
  }
  Json &strings(const std::string &name, const auto &values) {
    Json list('[');
    for (const std::string &value : values)
      list.add("", value);
    return raw(name, list.close());
  }
  std::string close() const { return text + (text[0] == '{' ? "}" : "]"); }

private:
  std::string text;
};

} // namespace tegula::tools
