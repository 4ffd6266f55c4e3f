#include <memory>

#include "arrays.hpp"
#include "marey/pk/simulate.hpp"

using namespace marey::numpy;
using std::int64_t;

namespace {

py::tuple simulate(int compartments, bool depot, bool scaled, const Array<double>& params,
                   const Array<int64_t>& offsets, const Array<double>& time, const Array<double>& amount,
                   const Array<double>& rate, const Array<double>& interval, const Array<double>& fraction,
                   const Array<double>& lag, const Array<std::int32_t>& kind, const Array<std::int32_t>& steady,
                   const Array<bool>& into_depot, const Array<bool>& implied, const Array<int64_t>& row,
                   const Array<int64_t>& observed, const Array<double>& times, const Optional<int64_t>& observed_row,
                   bool shared_times, bool sens) {
  marey::pk::Simulation s{};
  s.compartments = compartments, s.depot = depot, s.scaled = scaled;
  s.n_params = 2 * compartments + (depot ? 1 : 0) + (scaled ? 2 : 0);
  expect(compartments >= 1 && compartments <= 3, "`compartments` must be 1, 2 or 3");
  expect(params.ndim() == 2 && params.shape(1) == s.n_params, "`params` must be (subject, parameter)");
  s.subjects = params.shape(0);
  const auto n = time.size();
  check_offsets(offsets, n);
  expect(offsets.size() == s.subjects + 1, "`offsets` must be (subject + 1,)");
  for (const auto size : {amount.size(), rate.size(), interval.size(), fraction.size(), lag.size(), kind.size(),
                          steady.size(), into_depot.size(), implied.size(), row.size()}) {
    expect(size == n, "every column must have one value a record");
  }
  expect(observed.ndim() == 1 && observed.size() == s.subjects + 1, "`observed` must be (subject + 1,)");
  const int64_t total = observed.data()[s.subjects];
  check_offsets(observed, total);
  for (int64_t i = 0; shared_times && i < s.subjects; ++i) {
    expect(observed.data()[i + 1] - observed.data()[i] == times.size(), "shared times are those of every subject");
  }
  expect(shared_times || times.size() == total, "`times` must have one value an observation");
  expect(!observed_row || observed_row->size() == total, "`observed_row` must have one value an observation");
  s.params = params.data();
  s.records = {offsets.data(), time.data(), amount.data(), rate.data(),       interval.data(), fraction.data(),
               lag.data(),     kind.data(), steady.data(), into_depot.data(), implied.data(),  row.data()};
  s.observed = observed.data(), s.shared_times = shared_times, s.times = times.data();
  s.observed_row = pointer(observed_row);
  auto y = make_output<double>({total});
  auto by = make_output<double>({sens ? total : 0, s.n_params});
  s.y = y.mutable_data(), s.sens = sens ? by.mutable_data() : nullptr;
  {
    py::gil_scoped_release nogil;
    const int64_t most = marey::pk::most_happenings(s);
    marey::parallel_for(s.subjects, 64, [&](int64_t begin, int64_t end) {
      const std::unique_ptr<marey::pk::Happening[]> work(new marey::pk::Happening[std::size_t(most) + 1]);
      marey::pk::simulate(s, work.get(), begin, end);
    });
  }
  return py::make_tuple(y, by);
}

}  // namespace

void bind_pk(py::module_& m) {
  const auto column = [](const char* name) { return py::arg(name).noconvert(); };
  m.def("pk_simulate", &simulate, py::arg("compartments"), py::arg("depot"), py::arg("scaled"), column("params"),
        column("offsets"), column("time"), column("amount"), column("rate"), column("interval"), column("fraction"),
        column("lag"), column("kind"), column("steady"), column("into_depot"), column("implied"), column("row"),
        column("observed"), column("times"), column("observed_row"), py::arg("shared_times"), py::arg("sens"));
}
