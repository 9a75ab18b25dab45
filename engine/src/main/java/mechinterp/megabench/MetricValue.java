package mechinterp.megabench;

/**
 * A figure with its 95 % interval.
 *
 * @param value over all seeds and documents
 * @param low 2.5 % quantile of the bootstrap
 * @param high 97.5 % quantile
 */
public record MetricValue(double value, double low, double high) {}
