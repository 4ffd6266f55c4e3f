#include "arrays.hpp"
#include "marey/survival/concordance.hpp"
#include "marey/survival/cox.hpp"
#include "marey/survival/cox_partial_likelihood.hpp"
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

struct CoxArrays {
  const Array<int64_t>& offsets;
  const Array<double>&X, &time;
  const Array<bool>& event;
  const Array<double>&weights, &eta;
  const Optional<double>& entry;
  const Optional<int64_t>& entering;
  bool efron;

  CoxRows rows() const {
    const auto n = time.size();
    expect(X.ndim() == 2 && X.shape(0) == n, "`X` must be (row, column)");
    expect(event.size() == n && weights.size() == n && eta.size() == n, "every argument must have one value a row");
    expect(entry.has_value() == entering.has_value(), "`entry` and `entering` go together");
    check_offsets(offsets, n);
    if (entry) {
      expect(entry->size() == n && entering->size() == n, "`entry` must have one value a row");
      for (py::ssize_t i = 0; i < n; ++i) {
        expect(entering->data()[i] >= 0 && entering->data()[i] < n, "`entering` must hold row numbers");
      }
    }
    return {n,
            X.shape(1),
            offsets.size() - 1,
            offsets.data(),
            X.data(),
            time.data(),
            reinterpret_cast<const std::uint8_t*>(event.data()),
            weights.data(),
            eta.data(),
            pointer(entry),
            pointer(entering),
            efron};
  }
};

py::tuple bind_cox_pass(const Array<int64_t>& offsets, const Array<double>& X, const Array<double>& time,
                        const Array<bool>& event, const Array<double>& weights, const Array<double>& eta,
                        const Optional<double>& entry, const Optional<int64_t>& entering, bool efron) {
  const CoxRows rows = CoxArrays{offsets, X, time, event, weights, eta, entry, entering, efron}.rows();
  auto gradient = make_output<double>({rows.p}), hessian = make_output<double>({rows.p, rows.p});
  auto exposure = make_output<double>({rows.n}), hazard = make_output<double>({rows.n});
  double loglik = 0;
  const CoxPass out{&loglik, gradient.mutable_data(), hessian.mutable_data(), exposure.mutable_data(),
                    hazard.mutable_data()};
  {
    py::gil_scoped_release nogil;
    cox_pass(rows, out);
  }
  return py::make_tuple(loglik, gradient, hessian, exposure, hazard);
}

py::tuple bind_cox_residuals(const Array<int64_t>& offsets, const Array<double>& X, const Array<double>& time,
                             const Array<bool>& event, const Array<double>& weights, const Array<double>& eta,
                             const Optional<double>& entry, const Optional<int64_t>& entering, bool efron) {
  const CoxRows rows = CoxArrays{offsets, X, time, event, weights, eta, entry, entering, efron}.rows();
  const auto n_events = std::count(event.data(), event.data() + rows.n, true);
  auto score = make_output<double>({rows.n, rows.p}), schoenfeld = make_output<double>({n_events, rows.p});
  {
    py::gil_scoped_release nogil;
    cox_residuals(rows, {score.mutable_data(), schoenfeld.mutable_data()});
  }
  return py::make_tuple(score, schoenfeld);
}

template <typename T>
py::tuple bind_cox_partial_likelihood(const Array<T>& risk, const Array<T>& time, const Array<bool>& event,
                                      const Optional<int64_t>& strata, bool efron) {
  const auto n = risk.size();
  expect(time.size() == n && event.size() == n && (!strata || strata->size() == n),
         "every argument must have one value a row");
  auto loglik = make_output<T>({}), gradient = make_output<T>({n});
  int64_t row = -1;
  {
    py::gil_scoped_release nogil;
    row = cox_partial_likelihood<T>({n, risk.data(), time.data(), reinterpret_cast<const std::uint8_t*>(event.data()),
                                     pointer(strata), efron, loglik.mutable_data(), gradient.mutable_data()});
  }
  if (row >= 0) throw py::value_error("`time` of row " + std::to_string(row) + " is NaN; expected a number");
  return py::make_tuple(loglik, gradient);
}

py::tuple bind_sort_rows(const Array<double>& key, const Optional<int64_t>& group, int64_t n_groups) {
  expect(n_groups >= 1 && (group || n_groups == 1), "`n_groups` must be 1 without groups");
  if (group) {
    expect_rows(group->size(), key.size(), "`group` must have one value a row");
    check_groups(*group, n_groups);
  }
  const Order order = sort_rows(key.data(), key.size(), {pointer(group), n_groups});
  auto index = make_output<int64_t>({key.size()}), offsets = make_output<int64_t>({n_groups + 1});
  std::copy(order.index.begin(), order.index.end(), index.mutable_data());
  std::copy(order.offsets.begin(), order.offsets.end(), offsets.mutable_data());
  return py::make_tuple(index, offsets);
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
  m.def("survival_sort_rows", &bind_sort_rows, rows("key"), rows("group"), py::arg("n_groups"));
  const auto def_cox = [&](const char* name, auto function) {
    m.def(name, function, rows("offsets"), rows("X"), rows("time"), rows("event"), rows("weights"), rows("eta"),
          rows("entry"), rows("entering"), py::arg("efron"));
  };
  def_cox("survival_cox_pass", &bind_cox_pass);
  def_cox("survival_cox_residuals", &bind_cox_residuals);
  const auto def_likelihood = [&](auto function) {
    m.def("cox_partial_likelihood", function, rows("risk"), rows("time"), rows("event"), rows("strata"),
          py::arg("efron"));
  };
  def_likelihood(&bind_cox_partial_likelihood<float>);
  def_likelihood(&bind_cox_partial_likelihood<double>);
}
