package mechinterp.kernel;

import java.util.Arrays;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;

/** Attention of {@link ScalarKernels}, head by head and query by query. */
final class ScalarAttention {
  private ScalarAttention() {}

  /** Does something for a sequence and a head. */
  private interface HeadWork {
    void run(Span span, int head, int keyValueHead);
  }

  private static void forEachHead(
      String kernel,
      IntMatrix spans,
      int queryRows,
      int keyRows,
      int heads,
      int keyValueHeads,
      HeadWork work) {
    for (Span span : Span.read(kernel, spans, queryRows, keyRows)) {
      for (int head = 0; head < heads; head++) {
        work.run(span, head, head / (heads / keyValueHeads));
      }
    }
  }

  /** The rows of a sequence's queries and the columns of a head. */
  private static Elements ofQueries(FloatMatrix x, Span span, int head, int heads) {
    return columnsOf(x.rowRange(span.firstQuery(), span.endQuery()), head, heads);
  }

  /** The rows of a sequence's keys and the columns of a head. */
  private static Elements ofKeys(FloatMatrix x, Span span, int head, int heads) {
    return columnsOf(x.rowRange(span.firstKey(), span.endKey()), head, heads);
  }

  private static Elements columnsOf(FloatMatrix x, int head, int heads) {
    int width = x.cols() / heads;
    return new Elements(x.columnRange(head * width, (head + 1) * width));
  }

  static void attention(
      FloatMatrix out,
      FloatMatrix q,
      FloatMatrix k,
      FloatMatrix v,
      IntMatrix spans,
      AttentionForm form) {
    forEachHead(
        "attention",
        spans,
        q.rows(),
        k.rows(),
        form.heads(),
        form.keyValueHeads(),
        (span, head, keyValueHead) -> {
          Elements queries = ofQueries(q, span, head, form.heads());
          Elements keys = ofKeys(k, span, keyValueHead, form.keyValueHeads());
          Elements values = ofKeys(v, span, keyValueHead, form.keyValueHeads());
          Elements result = ofQueries(out, span, head, form.heads());
          for (int i = 0; i < span.queries(); i++) {
            double[] pattern = scores(queries, i, keys, span, form);
            ScalarLosses.softmax(pattern);
            result.setRow(i, weighted(pattern, values));
          }
        });
  }

  /** Returns the scores of a query with all keys; -infinity for those that it does not see. */
  private static double[] scores(
      Elements queries, int query, Elements keys, Span span, AttentionForm form) {
    double[] scores = new double[span.keys()];
    Arrays.fill(scores, Double.NEGATIVE_INFINITY);
    for (int j = span.firstVisible(query, form); j < span.endVisible(query, form); j++) {
      scores[j] =
          ScalarFunctions.capped(form.scale() * queries.dot(query, keys, j), form.softCap());
    }
    return scores;
  }

  private static double[] weighted(double[] pattern, Elements values) {
    double[] sums = new double[values.cols()];
    for (int j = 0; j < values.rows(); j++) {
      for (int c = 0; c < sums.length; c++) {
        sums[c] += pattern[j] * values.get(j, c);
      }
    }
    return sums;
  }

  static void attentionBackward(
      FloatMatrix dq,
      FloatMatrix dk,
      FloatMatrix dv,
      FloatMatrix dOut,
      FloatMatrix q,
      FloatMatrix k,
      FloatMatrix v,
      IntMatrix spans,
      AttentionForm form) {
    Sums keySums = new Sums(dk, form.keyValueHeads());
    Sums valueSums = new Sums(dv, form.keyValueHeads());
    forEachHead(
        "attentionBackward",
        spans,
        q.rows(),
        k.rows(),
        form.heads(),
        form.keyValueHeads(),
        (span, head, keyValueHead) -> {
          Elements queries = ofQueries(q, span, head, form.heads());
          Elements keys = ofKeys(k, span, keyValueHead, form.keyValueHeads());
          Elements values = ofKeys(v, span, keyValueHead, form.keyValueHeads());
          Elements dResult = ofQueries(dOut, span, head, form.heads());
          Elements dQueries = ofQueries(dq, span, head, form.heads());
          for (int i = 0; i < span.queries(); i++) {
            double[] scores = scores(queries, i, keys, span, form);
            double[] pattern = scores.clone();
            ScalarLosses.softmax(pattern);
            valueSums.add(span, keyValueHead, pattern, dResult, i);
            double[] d = dots(dResult, i, values);
            ScalarLosses.softmaxBackward(d, pattern);
            unscale(d, scores, form);
            keySums.add(span, keyValueHead, d, queries, i);
            dQueries.setRow(i, weighted(d, keys));
          }
        });
    keySums.write(spans);
    valueSums.write(spans);
  }

  /** Returns row {@code row} of a times each row of b. */
  private static double[] dots(Elements a, int row, Elements b) {
    double[] dots = new double[b.rows()];
    for (int j = 0; j < dots.length; j++) {
      dots[j] = a.dot(row, b, j);
    }
    return dots;
  }

  /** From the gradient of scores to that of q . k. */
  private static void unscale(double[] d, double[] scores, AttentionForm form) {
    for (int j = 0; j < d.length; j++) {
      d[j] =
          scores[j] == Double.NEGATIVE_INFINITY
              ? 0
              : d[j] * form.scale() * ScalarFunctions.cappedDerivative(scores[j], form.softCap());
    }
  }

  /** The gradient of keys or values, summed over queries and heads in double precision. */
  private static final class Sums {
    private final FloatMatrix to;
    private final int width;
    private final double[][] sums;

    Sums(FloatMatrix to, int heads) {
      this.to = to;
      this.width = to.cols() / heads;
      this.sums = new double[to.rows()][to.cols()];
    }

    /** Adds the outer product of factors, one for each key, and a row. */
    void add(Span span, int head, double[] factors, Elements rows, int row) {
      for (int j = 0; j < factors.length; j++) {
        for (int c = 0; c < width; c++) {
          sums[span.firstKey() + j][head * width + c] += factors[j] * rows.get(row, c);
        }
      }
    }

    /** Rounds the sums into the rows of all sequences. */
    void write(IntMatrix spans) {
      Elements elements = new Elements(to);
      for (int s = 0; s < spans.rows(); s++) {
        for (int row = HostMemory.intAt(spans, s, 2); row < HostMemory.intAt(spans, s, 3); row++) {
          elements.setRow(row, sums[row]);
        }
      }
    }
  }

  static void attentionScores(
      FloatMatrix scores, FloatMatrix q, FloatMatrix k, IntMatrix spans, AttentionForm form) {
    forEachHead(
        "attentionScores",
        spans,
        q.rows(),
        k.rows(),
        form.heads(),
        form.keyValueHeads(),
        (span, head, keyValueHead) -> {
          Elements queries = ofQueries(q, span, head, form.heads());
          Elements keys = ofKeys(k, span, keyValueHead, form.keyValueHeads());
          Elements result = ofQueries(scores, span, head, form.heads());
          for (int i = 0; i < span.queries(); i++) {
            double[] row = new double[result.cols()];
            Arrays.fill(row, Double.NEGATIVE_INFINITY);
            System.arraycopy(scores(queries, i, keys, span, form), 0, row, 0, span.keys());
            result.setRow(i, row);
          }
        });
  }

  static void attentionValues(
      FloatMatrix out,
      FloatMatrix pattern,
      FloatMatrix v,
      IntMatrix spans,
      int heads,
      int keyValueHeads) {
    forEachHead(
        "attentionValues",
        spans,
        out.rows(),
        v.rows(),
        heads,
        keyValueHeads,
        (span, head, keyValueHead) -> {
          Elements weights = ofQueries(pattern, span, head, heads);
          Elements values = ofKeys(v, span, keyValueHead, keyValueHeads);
          Elements result = ofQueries(out, span, head, heads);
          for (int i = 0; i < span.queries(); i++) {
            result.setRow(i, weighted(weights.row(i), values));
          }
        });
  }

  static void attentionValuesBackward(
      FloatMatrix dPattern,
      FloatMatrix dv,
      FloatMatrix dOut,
      FloatMatrix pattern,
      FloatMatrix v,
      IntMatrix spans,
      int heads,
      int keyValueHeads) {
    Sums valueSums = new Sums(dv, keyValueHeads);
    forEachHead(
        "attentionValuesBackward",
        spans,
        dOut.rows(),
        v.rows(),
        heads,
        keyValueHeads,
        (span, head, keyValueHead) -> {
          Elements weights = ofQueries(pattern, span, head, heads);
          Elements values = ofKeys(v, span, keyValueHead, keyValueHeads);
          Elements dResult = ofQueries(dOut, span, head, heads);
          Elements dWeights = ofQueries(dPattern, span, head, heads);
          for (int i = 0; i < span.queries(); i++) {
            double[] factors = Arrays.copyOf(weights.row(i), span.keys());
            valueSums.add(span, keyValueHead, factors, dResult, i);
            dWeights.setRow(i, Arrays.copyOf(dots(dResult, i, values), weights.cols()));
          }
        });
    valueSums.write(spans);
  }

  static void attentionScoresBackward(
      FloatMatrix dq,
      FloatMatrix dk,
      FloatMatrix dScores,
      FloatMatrix scores,
      FloatMatrix q,
      FloatMatrix k,
      IntMatrix spans,
      AttentionForm form) {
    Sums keySums = new Sums(dk, form.keyValueHeads());
    forEachHead(
        "attentionScoresBackward",
        spans,
        q.rows(),
        k.rows(),
        form.heads(),
        form.keyValueHeads(),
        (span, head, keyValueHead) -> {
          Elements gradients = ofQueries(dScores, span, head, form.heads());
          Elements values = ofQueries(scores, span, head, form.heads());
          Elements queries = ofQueries(q, span, head, form.heads());
          Elements keys = ofKeys(k, span, keyValueHead, form.keyValueHeads());
          Elements dQueries = ofQueries(dq, span, head, form.heads());
          for (int i = 0; i < span.queries(); i++) {
            double[] d = Arrays.copyOf(gradients.row(i), span.keys());
            unscale(d, values.row(i), form);
            keySums.add(span, keyValueHead, d, queries, i);
            dQueries.setRow(i, weighted(d, keys));
          }
        });
    keySums.write(spans);
  }
}
