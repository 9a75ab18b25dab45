package mechinterp.kernel;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/** The reference of {@link PursuitKernels}, in double precision. */
final class ScalarPursuit implements PursuitKernels {
  @Override
  public void inverseSquares(FloatMatrix out, FloatMatrix dictionary) {
    Elements rows = new Elements(dictionary);
    new Elements(out)
        .setEach((none, f) -> {
          float square = (float) rows.dot(f, rows, f);
          return square == 0 ? 0 : 1 / square;
        });
  }

  @Override
  public void encode(
      SparseCodes codes,
      FloatMatrix x,
      SparseCodes shortlist,
      FloatMatrix dictionary,
      FloatMatrix inverseSquares,
      PursuitForm form) {
    for (int t = 0; t < x.rows(); t++) {
      Token token = new Token(x, t, shortlist, dictionary, inverseSquares);
      token.pursue(form);
      CodeRow row = new CodeRow(codes, t);
      for (int slot = 0; slot < token.codes.length; slot++) {
        float code = (float) token.codes[slot];
        if (code > 0) {
          row.add(token.latents[slot], code);
        }
      }
      row.end();
    }
  }

  @Override
  public void fixedPoint(
      FloatMatrix targets,
      FloatMatrix x,
      SparseCodes shortlist,
      FloatMatrix dictionary,
      FloatMatrix inverseSquares,
      PursuitForm form) {
    Elements out = new Elements(targets);
    for (int t = 0; t < x.rows(); t++) {
      Token token = new Token(x, t, shortlist, dictionary, inverseSquares);
      token.pursue(form);
      for (int slot = 0; slot < out.cols(); slot++) {
        out.set(t, slot, slot < token.codes.length ? (float) token.step(slot) : 0);
      }
    }
  }

  /** The pursuit of one token. Latents go by their slot in the shortlist. */
  private static final class Token {
    private final Elements dictionary;
    private final int[] latents;
    private final double[] inverses;
    private final double[] residual;
    private final double[] codes;
    private List<Integer> held = new ArrayList<>();

    Token(
        FloatMatrix x,
        int t,
        SparseCodes shortlist,
        FloatMatrix dictionary,
        FloatMatrix inverseSquares) {
      this.dictionary = new Elements(dictionary);
      CodeRow row = new CodeRow(shortlist, t);
      latents = IntStream.range(0, row.before()).map(row::latent).toArray();
      inverses =
          IntStream.of(latents).mapToDouble(f -> new Elements(inverseSquares).get(0, f)).toArray();
      residual = new Elements(x).row(t);
      codes = new double[latents.length];
    }

    void pursue(PursuitForm form) {
      for (int round = 1; round <= form.rounds(); round++) {
        held.removeIf(slot -> codes[slot] == 0);
        List<Integer> old = List.copyOf(held);
        List<Integer> added = bestOutside(form.held(round) - old.size());
        held.addAll(added);
        sweep(added);
        sweep(old);
      }
      sweep(held);
      prune(form);
      sweep(held);
      sweep(held);
    }

    private List<Integer> bestOutside(int number) {
      return IntStream.range(0, codes.length)
          .filter(slot -> !held.contains(slot) && gain(slot) > 0)
          .boxed()
          .sorted(Comparator.comparingDouble(slot -> -gain(slot)))
          .limit(Math.max(0, number))
          .toList();
    }

    private double gain(int slot) {
      double correlation = correlation(slot);
      return correlation > 0 ? correlation * correlation * inverses[slot] : 0;
    }

    private double correlation(int slot) {
      double sum = 0;
      for (int j = 0; j < residual.length; j++) {
        sum += residual[j] * dictionary.get(latents[slot], j);
      }
      return sum;
    }

    /** Returns the code that would leave the residual without a part along the row. */
    double step(int slot) {
      return codes[slot] + correlation(slot) * inverses[slot];
    }

    private void sweep(List<Integer> slots) {
      slots.forEach(slot -> set(slot, Math.max(0, step(slot))));
    }

    private void set(int slot, double code) {
      double change = code - codes[slot];
      for (int j = 0; j < residual.length; j++) {
        residual[j] -= change * dictionary.get(latents[slot], j);
      }
      codes[slot] = code;
    }

    private void prune(PursuitForm form) {
      List<Integer> kept =
          held.stream()
              .filter(slot -> codes[slot] > 0 && (float) codes[slot] >= form.leastCode())
              .sorted(
                  Comparator.comparingDouble((Integer slot) -> -codes[slot])
                      .thenComparing(Comparator.naturalOrder()))
              .limit(form.mostActive())
              .toList();
      held.stream().filter(slot -> !kept.contains(slot)).forEach(slot -> set(slot, 0));
      held = held.stream().filter(kept::contains).toList();
    }
  }
}
