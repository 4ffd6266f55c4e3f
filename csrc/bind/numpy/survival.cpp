#include "arrays.hpp"
#include "marey/survival/concordance.hpp"
#include "marey/survival/logrank.hpp"
#include "marey/survival/risk_table.hpp"

using namespace marey::numpy;
using namespace marey::survival;
using std::int64_t;

namespace {

void expect_rows(py::ssize_t size, py::ssize_t n, const char* message) { expect(size == n, message); }

void check_groups(const Array<int64_t>& group, int64_t n_groups) {
  for (py::ssize_t i = 0; i < group.size(); ++i) {
    expect(group.data()[i] >= 0 && group.data()[i] < n_groups, "a group lies outside 0 .. n_groups - 1");
  }
}

Survival make_survival(const Array<double>& time, const Array<bool>& event, const Optional<double>& entry,
                       const Optional<double>& weights, const Optional<int64_t>& group, int64_t n_groups) {
  const auto n = time.size();
  expect_rows(event.size(), n, "`event` must have one value a row");
  expect(!entry || entry->size() == n, "`entry` must have one value a row");
  expect(!weights || weights->size() == n, "`weights` must have one value a row");
  expect(n_groups >= 1 && (group || n_groups == 1), "`n_groups` must be 1 without groups");
  if (group) {
    expect_rows(group->size(), n, "`group` must have one value a row");
    check_groups(*group, n_groups);
  }
  return {n,
          time.data(),
          reinterpret_cast<const std::uint8_t*>(event.data()),
          pointer(entry),
          pointer(weights),
          {pointer(group), n_groups}};
}

py::tuple bind_risk_table(const Array<double>& time, const Array<bool>& event, const Optional<double>& entry,
                          const Optional<double>& weights, const Optional<int64_t>& group, int64_t n_groups) {
  const Survival s = make_survival(time, event, entry, weights, group, n_groups);
  auto offsets = make_output<int64_t>({n_groups + 1});
  Array<double> columns[5];
  for (auto& column : columns) column = make_output<double>({s.n});
  const RiskTable out{offsets.mutable_data(),    columns[0].mutable_data(), columns[1].mutable_data(),
                      columns[2].mutable_data(), columns[3].mutable_data(), columns[4].mutable_data()};
  {
    py::gil_scoped_release nogil;
    risk_table(s, out);
  }
  return py::make_tuple(offsets, columns[0], columns[1], columns[2], columns[3], columns[4]);
}

template <void (*estimate)(const Curve&) noexcept>
py::tuple bind_curve(const Array<int64_t>& offsets, const Array<double>& at_risk, const Array<double>& events) {
  check_offsets(offsets, at_risk.size());
  expect_rows(events.size(), at_risk.size(), "`events` must be shaped like `at_risk`");
  auto value = make_output<double>({at_risk.size()}), variance = make_output<double>({at_risk.size()});
  estimate({offsets.size() - 1, offsets.data(), at_risk.data(), events.data(), value.mutable_data(),
            variance.mutable_data()});
  return py::make_tuple(value, variance);
}

py::tuple bind_logrank(const Array<double>& time, const Array<bool>& event, const Array<int64_t>& group,
                       int64_t n_groups, const Optional<double>& entry, const Optional<int64_t>& strata,
                       int64_t n_strata, const std::string& weight, double rho, double gamma) {
  LogRank a{};
  a.rows = make_survival(time, event, entry, std::nullopt, strata, n_strata);
  expect_rows(group.size(), time.size(), "`group` must have one value a row");
  expect(n_groups >= 1, "`n_groups` must be positive");
  check_groups(group, n_groups);
  a.group = group.data();
  a.n_groups = n_groups;
  a.weight = weight == "gehan"         ? TestWeight::gehan
             : weight == "tarone-ware" ? TestWeight::tarone_ware
                                       : TestWeight::fleming_harrington;
  a.rho = rho;
  a.gamma = gamma;
  auto observed = make_output<double>({n_groups}), expected = make_output<double>({n_groups});
  auto difference = make_output<double>({n_groups}), covariance = make_output<double>({n_groups, n_groups});
  a.observed = observed.mutable_data();
  a.expected = expected.mutable_data();
  a.difference = difference.mutable_data();
  a.covariance = covariance.mutable_data();
  {
    py::gil_scoped_release nogil;
    logrank(a);
  }
  return py::make_tuple(observed, expected, difference, covariance);
}

py::tuple bind_concordance(const Array<double>& time, const Array<bool>& event, const Array<double>& earlier,
                           const Array<double>& later, const Array<double>& risk) {
  const auto n = time.size();
  expect(risk.ndim() == 2 && risk.shape(1) == n, "`risk` must be (column, row)");
  expect(event.size() == n && earlier.size() == n && later.size() == n, "every argument must have one value a row");
  const auto k = risk.shape(0);
  Array<double> columns[4];
  for (auto& column : columns) column = make_output<double>({k});
  double tied_time = 0;
  const Concordance c{n,
                      k,
                      time.data(),
                      reinterpret_cast<const std::uint8_t*>(event.data()),
                      earlier.data(),
                      later.data(),
                      risk.data(),
                      columns[0].mutable_data(),
                      columns[1].mutable_data(),
                      columns[2].mutable_data(),
                      columns[3].mutable_data(),
                      &tied_time};
  {
    py::gil_scoped_release nogil;
    const std::int64_t grain = std::max<std::int64_t>(1, 16384 / std::max<std::int64_t>(1, n));
    marey::parallel_for(k, grain, [&](int64_t first, int64_t last) { concordance(c, first, last); });
  }
  return py::make_tuple(columns[0], columns[1], columns[2], columns[3], tied_time);
}

}  // namespace

void bind_survival(py::module_& m) {
  const auto rows = [&](const char* name) { return py::arg(name).noconvert(); };
  m.def("survival_risk_table", &bind_risk_table, rows("time"), rows("event"), rows("entry"), rows("weights"),
        rows("group"), py::arg("n_groups"));
  m.def("survival_kaplan_meier", &bind_curve<kaplan_meier>, rows("offsets"), rows("at_risk"), rows("events"));
  m.def("survival_nelson_aalen", &bind_curve<nelson_aalen>, rows("offsets"), rows("at_risk"), rows("events"));
  m.def("survival_logrank", &bind_logrank, rows("time"), rows("event"), rows("group"), py::arg("n_groups"),
        rows("entry"), rows("strata"), py::arg("n_strata"), py::arg("weight"), py::arg("rho"), py::arg("gamma"));
  m.def("survival_concordance", &bind_concordance, rows("time"), rows("event"), rows("earlier"), rows("later"),
        rows("risk"));
}
