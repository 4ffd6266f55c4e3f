# Writes theophylline.csv, the data as R ships them (datasets::Theoph), and theophylline.json, R's own least squares of
# each subject. Run in this folder: Rscript theophylline.R
d <- as.data.frame(Theoph)
d$Subject <- as.integer(as.character(d$Subject))
d <- d[order(d$Subject, d$Time), ]
names(d) <- c("subject", "weight_kg", "dose_mg_per_kg", "time_h", "conc_mg_per_l")
write.csv(d, "theophylline.csv", quote = FALSE, row.names = FALSE)
lines <- sapply(1:12, function(i) {
  s <- d[d$subject == i, ]
  names(s) <- c("Subject", "Wt", "Dose", "Time", "conc")
  f <- conc ~ SSfol(Dose, Time, lKe, lKa, lCl)
  fit <- nls(f, s, start = coef(nls(f, s)), control = nls.control(tol = 1e-7, minFactor = 1e-10))
  sprintf("  [%s]", paste(format(c(coef(fit), deviance(fit)), digits = 12, trim = TRUE), collapse = ", "))
})
cat('{"lKe_lKa_lCl_deviance": [\n', paste(lines, collapse = ",\n"), "\n]}\n", sep = "", file = "theophylline.json")
