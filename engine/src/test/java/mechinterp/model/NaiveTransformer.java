package mechinterp.model;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import mechinterp.kernel.ActivationFunction;
import mechinterp.kernel.Norm;

/**
 * The transformer once more, in plain loops over doubles, one sequence at a time, straight from the
 * formulas: what the model is checked against. An editor sees every activation under its hook's
 * name and may change it. Scores and patterns are [n, heads * n].
 */
public final class NaiveTransformer {
  /** Changes an activation in place, or leaves it. */
  public interface Editor {
    void edit(String hook, double[][] activation);
  }

  /** Numbers of weights. */
  public interface Numbers {
    /** Returns whether there is a weight of this name. */
    boolean contains(String name);

    /** Returns its numbers. */
    double[] of(String name);

    /** Returns those of weights. */
    static Numbers of(Weights weights) {
      return new Numbers() {
        @Override
        public boolean contains(String name) {
          return weights.contains(name);
        }

        @Override
        public double[] of(String name) {
          try {
            float[] numbers = weights.floats(name);
            double[] doubles = new double[numbers.length];
            for (int i = 0; i < doubles.length; i++) {
              doubles[i] = numbers[i];
            }
            return doubles;
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        }
      };
    }

    /** Returns these numbers with a multiple of a direction added to one weight. */
    default Numbers moved(String moved, float[] direction, double factor) {
      Numbers before = this;
      return new Numbers() {
        @Override
        public boolean contains(String name) {
          return before.contains(name);
        }

        @Override
        public double[] of(String name) {
          double[] numbers = before.of(name);
          for (int i = 0; name.equals(moved) && i < numbers.length; i++) {
            numbers[i] += factor * direction[i];
          }
          return numbers;
        }
      };
    }
  }

  private final TransformerConfig config;
  private final Numbers weights;
  private final Editor editor;
  private final Map<String, double[][]> seen = new LinkedHashMap<>();

  private NaiveTransformer(TransformerConfig config, Numbers weights, Editor editor) {
    this.config = config;
    this.weights = weights;
    this.editor = editor;
  }

  /**
   * Returns every activation of a sequence, edited, the final hidden state under "output" and the
   * logits, where there are any, under "logits".
   */
  public static Map<String, double[][]> run(
      TransformerConfig config, Weights weights, int[] ids, Editor editor) {
    return run(config, Numbers.of(weights), ids, editor);
  }

  /** The same for other numbers. */
  public static Map<String, double[][]> run(
      TransformerConfig config, Numbers weights, int[] ids, Editor editor) {
    NaiveTransformer run = new NaiveTransformer(config, weights, editor);
    double[][] x = run.embed(ids);
    for (int layer = 0; layer < config.nLayers(); layer++) {
      x =
          switch (config.recipe()) {
            case SEQUENTIAL, SANDWICH -> run.sequential(layer, x);
            case PARALLEL -> run.parallel(layer, x);
            case POST_NORM -> run.postNorm(layer, x);
          };
    }
    double[][] output =
        config.recipe() == BlockRecipe.POST_NORM ? x : run.norm("ln_final", "ln_final", x);
    run.seen.put("output", output);
    config.unembed().ifPresent(unembed -> run.seen.put("logits", run.logits(unembed, output)));
    return run.seen;
  }

  private double[][] hook(String name, double[][] activation) {
    editor.edit(name, activation);
    double[][] copy = new double[activation.length][];
    for (int i = 0; i < copy.length; i++) {
      copy[i] = activation[i].clone();
    }
    seen.put(name, copy);
    return activation;
  }

  private double[][] embed(int[] ids) {
    boolean bert = config.recipe() == BlockRecipe.POST_NORM;
    String prefix = bert ? "embed." : "";
    double[][] token = new double[ids.length][];
    double[][] position = new double[ids.length][];
    double[][] type = new double[ids.length][];
    double[][] vectors = matrix("embed.W_E");
    for (int t = 0; t < ids.length; t++) {
      token[t] = scaled(vectors[ids[t]], config.embedding().scale());
      position[t] = row("pos_embed.W_pos", t);
      type[t] = row("token_type_embed.W_token_type", 0);
    }
    double[][] x = hook(prefix + "hook_embed", token);
    if (config.embedding().learnedPositions()) {
      x = sum(x, hook(prefix + "hook_pos_embed", position));
    }
    if (config.embedding().tokenTypes() > 0) {
      x = sum(x, hook(prefix + "hook_token_type_embed", type));
    }
    return bert ? hook("hook_full_embed", norm("embed.ln", "ln_embed", x)) : x;
  }

  private double[] row(String name, int row) {
    return weights.contains(name) ? matrix(name)[row].clone() : new double[0];
  }

  private double[][] sequential(int layer, double[][] input) {
    String at = "blocks." + layer + ".";
    double[][] x = hook(at + "hook_resid_pre", input);
    Map<String, double[][]> read = inputs(at, x);
    double[][] attention = attention(layer, read, norm(at + "ln1", at + "ln1", x));
    double[][] mid = sum(x, hook(at + "hook_attn_out", post(at + "ln1_post", attention)));
    mid = hook(at + "hook_resid_mid", mid);
    double[][] mlp = mlp(at, norm(at + "ln2", at + "ln2", mlpIn(at, mid)));
    return hook(
        at + "hook_resid_post", sum(mid, hook(at + "hook_mlp_out", post(at + "ln2_post", mlp))));
  }

  private double[][] post(String name, double[][] x) {
    return config.recipe() == BlockRecipe.SANDWICH ? norm(name, name, x) : x;
  }

  private double[][] parallel(int layer, double[][] input) {
    String at = "blocks." + layer + ".";
    double[][] x = hook(at + "hook_resid_pre", input);
    Map<String, double[][]> read = inputs(at, x);
    double[][] attention =
        hook(at + "hook_attn_out", attention(layer, read, norm(at + "ln1", at + "ln1", x)));
    double[][] mlp = hook(at + "hook_mlp_out", mlp(at, norm(at + "ln2", at + "ln2", mlpIn(at, x))));
    return hook(at + "hook_resid_post", sum(sum(x, attention), mlp));
  }

  private double[][] postNorm(int layer, double[][] input) {
    String at = "blocks." + layer + ".";
    double[][] x = hook(at + "hook_resid_pre", input);
    double[][] mid = sum(x, hook(at + "hook_attn_out", attention(layer, Map.of(), x)));
    mid = hook(at + "hook_mlp_in", hook(at + "hook_resid_mid", mid));
    double[][] normed = norm(at + "ln1", at + "ln1", mid);
    double[][] last = sum(normed, hook(at + "hook_mlp_out", mlp(at, normed)));
    last = hook(at + "hook_resid_post", last);
    return hook(at + "hook_normalized_resid_post", norm(at + "ln2", at + "ln2", last));
  }

  /** Returns a copy, so that an edit does not reach the stream. */
  private double[][] mlpIn(String at, double[][] x) {
    return hook(at + "hook_mlp_in", repeated(x, 1));
  }

  /** Returns, of those of q, k and v that the editor changes, what each head reads. */
  private Map<String, double[][]> inputs(String at, double[][] x) {
    Map<String, double[][]> edited = new LinkedHashMap<>();
    for (String letter : List.of("q", "k", "v")) {
      AttentionConfig form = config.attention();
      int heads = letter.equals("q") ? form.heads() : form.keyValueHeads();
      double[][] input = hook(at + "hook_" + letter + "_input", repeated(x, heads));
      if (!Arrays.deepEquals(input, repeated(x, heads))) {
        edited.put(letter, input);
      }
    }
    return edited;
  }

  private static double[][] repeated(double[][] x, int times) {
    double[][] repeated = new double[x.length][times * x[0].length];
    for (int i = 0; i < x.length; i++) {
      for (int j = 0; j < repeated[i].length; j++) {
        repeated[i][j] = x[i][j % x[i].length];
      }
    }
    return repeated;
  }

  /** Returns the heads of q, k or v: of the norm that they share, or each of what it reads. */
  private double[][] projected(
      int layer, String letter, String weight, Map<String, double[][]> read, double[][] x) {
    String at = "blocks." + layer + ".";
    double[][] all = linear(at + "attn.", weight, x);
    double[][] input = read.getOrDefault(letter, new double[0][]);
    for (int h = 0; input.length > 0 && h < all[0].length / config.dHead(); h++) {
      double[][] alone = new double[input.length][];
      for (int i = 0; i < input.length; i++) {
        alone[i] = Arrays.copyOfRange(input[i], h * config.dModel(), (h + 1) * config.dModel());
      }
      double[][] made = linear(at + "attn.", weight, normAlone(at + "ln1", alone));
      for (int i = 0; i < made.length; i++) {
        System.arraycopy(made[i], h * config.dHead(), all[i], h * config.dHead(), config.dHead());
      }
    }
    return all;
  }

  /** The norm without hooks. */
  private double[][] normAlone(String name, double[][] x) {
    return new NaiveTransformer(config, weights, (_, _) -> {}).norm(name, name, x);
  }

  private double[][] attention(int layer, Map<String, double[][]> read, double[][] x) {
    String at = "blocks." + layer + ".attn.";
    AttentionConfig form = config.attention();
    Optional<RotaryConfig> rotary = config.layers().get(layer).rotary();
    double[][] q = heads(at, "q", form.heads(), rotary, projected(layer, "q", "Q", read, x));
    double[][] k =
        heads(at, "k", form.keyValueHeads(), rotary, projected(layer, "k", "K", read, x));
    double[][] v = hook(at + "hook_v", projected(layer, "v", "V", read, x));
    double[][] scores = hook(at + "hook_attn_scores", scores(layer, q, k));
    double[][] pattern = hook(at + "hook_pattern", softmaxByHead(scores));
    double[][] z = hook(at + "hook_z", values(pattern, v));
    return results(at, z);
  }

  private double[][] heads(
      String at, String letter, int heads, Optional<RotaryConfig> rotary, double[][] projected) {
    double[][] q = hook(at + "hook_" + letter, projected);
    if (config.attention().queryKeyNorm()) {
      q = headNorm(at + letter + "_norm", heads, q);
    }
    return rotary.isPresent()
        ? hook(at + "hook_rot_" + letter, rotated(q, heads, rotary.get()))
        : q;
  }

  private double[][] headNorm(String name, int heads, double[][] q) {
    int width = config.dHead();
    double[][] scale = new double[q.length][heads];
    double[][] normalized = new double[q.length][q[0].length];
    for (int i = 0; i < q.length; i++) {
      for (int h = 0; h < heads; h++) {
        for (int c = h * width; c < (h + 1) * width; c++) {
          scale[i][h] += q[i][c] * q[i][c] / width;
        }
        scale[i][h] = Math.sqrt(scale[i][h] + config.norm().epsilon());
      }
    }
    hook(name + ".hook_scale", scale);
    for (int i = 0; i < q.length; i++) {
      for (int c = 0; c < q[i].length; c++) {
        normalized[i][c] = q[i][c] / scale[i][c / width];
      }
    }
    hook(name + ".hook_normalized", normalized);
    double[] gain = vector(name + ".w");
    for (double[] row : normalized) {
      for (int c = 0; c < row.length; c++) {
        row[c] *= gain[c % width];
      }
    }
    return normalized;
  }

  private double[][] rotated(double[][] q, int heads, RotaryConfig rotary) {
    double[] frequencies = rotary.frequencies();
    int half = frequencies.length;
    double[][] out = new double[q.length][];
    for (int place = 0; place < q.length; place++) {
      out[place] = q[place].clone();
      for (int h = 0; h < heads; h++) {
        for (int i = 0; i < half; i++) {
          int a = h * config.dHead() + i;
          double cos = Math.cos(place * frequencies[i]);
          double sin = Math.sin(place * frequencies[i]);
          out[place][a] = q[place][a] * cos - q[place][a + half] * sin;
          out[place][a + half] = q[place][a + half] * cos + q[place][a] * sin;
        }
      }
    }
    return out;
  }

  private double[][] scores(int layer, double[][] q, double[][] k) {
    AttentionConfig form = config.attention();
    int window = config.layers().get(layer).window();
    int n = q.length;
    int width = form.dHead();
    double[][] scores = new double[n][form.heads() * n];
    for (int i = 0; i < n; i++) {
      for (int h = 0; h < form.heads(); h++) {
        int group = h / (form.heads() / form.keyValueHeads());
        for (int j = 0; j < n; j++) {
          double dot = 0;
          for (int c = 0; c < width; c++) {
            dot += q[i][h * width + c] * k[j][group * width + c];
          }
          boolean visible = (!form.causal() || j <= i) && Math.abs(i - j) < window;
          double score = capped(dot * form.scale(), form.softCap());
          scores[i][h * n + j] = visible ? score : Double.NEGATIVE_INFINITY;
        }
      }
    }
    return scores;
  }

  private static double capped(double x, double cap) {
    return cap > 0 ? cap * Math.tanh(x / cap) : x;
  }

  private static double[][] softmaxByHead(double[][] scores) {
    int n = scores.length;
    double[][] pattern = new double[n][scores[0].length];
    for (int i = 0; i < n; i++) {
      for (int first = 0; first < pattern[i].length; first += n) {
        double total = 0;
        for (int j = first; j < first + n; j++) {
          pattern[i][j] = Math.exp(scores[i][j]);
          total += pattern[i][j];
        }
        for (int j = first; j < first + n; j++) {
          pattern[i][j] /= total;
        }
      }
    }
    return pattern;
  }

  private double[][] values(double[][] pattern, double[][] v) {
    AttentionConfig form = config.attention();
    int n = v.length;
    int width = form.dHead();
    double[][] z = new double[n][form.queryWidth()];
    for (int i = 0; i < n; i++) {
      for (int c = 0; c < z[i].length; c++) {
        int h = c / width;
        int group = h / (form.heads() / form.keyValueHeads());
        for (int j = 0; j < n; j++) {
          z[i][c] += pattern[i][h * n + j] * v[j][group * width + c % width];
        }
      }
    }
    return z;
  }

  private double[][] results(String at, double[][] z) {
    double[][] weight = matrix(at + "W_O");
    int heads = config.nHeads();
    int d = config.dModel();
    double[][] results = new double[z.length][heads * d];
    for (int i = 0; i < z.length; i++) {
      for (int c = 0; c < z[i].length; c++) {
        for (int j = 0; j < d; j++) {
          results[i][c / config.dHead() * d + j] += z[i][c] * weight[c][j];
        }
      }
    }
    hook(at + "hook_result", results);
    double[][] out = new double[z.length][d];
    for (int i = 0; i < z.length; i++) {
      for (int j = 0; j < heads * d; j++) {
        out[i][j % d] += results[i][j];
      }
    }
    return biased(at + "b_O", out);
  }

  private double[][] mlp(String at, double[][] x) {
    String mlp = at + "mlp.";
    if (!config.mlp().gated()) {
      double[][] pre = hook(mlp + "hook_pre", linear(mlp, "in", x));
      return linear(mlp, "out", hook(mlp + "hook_post", activated(pre)));
    }
    double[][] pre = hook(mlp + "hook_pre", linear(mlp, "gate", x));
    double[][] linear = hook(mlp + "hook_pre_linear", linear(mlp, "in", x));
    double[][] post = activated(pre);
    for (int i = 0; i < post.length; i++) {
      for (int j = 0; j < post[i].length; j++) {
        post[i][j] *= linear[i][j];
      }
    }
    return linear(mlp, "out", hook(mlp + "hook_post", post));
  }

  private double[][] activated(double[][] x) {
    double[][] y = new double[x.length][x[0].length];
    for (int i = 0; i < x.length; i++) {
      for (int j = 0; j < y[i].length; j++) {
        y[i][j] = activated(x[i][j], config.mlp().activation());
      }
    }
    return y;
  }

  private static double activated(double x, ActivationFunction function) {
    return switch (function) {
      case GELU -> x * 0.5 * (1 + erf(x / Math.sqrt(2)));
      case GELU_TANH ->
          0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
      case SILU -> x / (1 + Math.exp(-x));
      case RELU -> Math.max(x, 0);
    };
  }

  /** The Maclaurin series, good to 1e-9 for |x| below 4; beyond, 1 is as good. */
  private static double erf(double x) {
    if (Math.abs(x) > 4) {
      return Math.signum(x);
    }
    double term = x;
    double sum = x;
    for (int n = 1; n < 120; n++) {
      term *= -x * x / n;
      sum += term / (2 * n + 1);
    }
    return 2 / Math.sqrt(Math.PI) * sum;
  }

  private double[][] norm(String hook, String name, double[][] x) {
    boolean layer = config.norm().kind() == Norm.LAYER;
    double[][] scale = new double[x.length][1];
    double[] means = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      double square = 0;
      for (double value : x[i]) {
        means[i] += layer ? value / x[i].length : 0;
        square += value * value / x[i].length;
      }
      scale[i][0] = Math.sqrt(square - means[i] * means[i] + config.norm().epsilon());
    }
    hook(hook + ".hook_scale", scale);
    double[][] y = new double[x.length][x[0].length];
    double[] gain = vector(name + ".w");
    double[] bias = layer ? vector(name + ".b") : new double[gain.length];
    for (int i = 0; i < x.length; i++) {
      for (int j = 0; j < gain.length; j++) {
        y[i][j] = (x[i][j] - means[i]) / scale[i][0];
        y[i][j] = layer ? y[i][j] * gain[j] + bias[j] : y[i][j];
      }
    }
    hook(hook + ".hook_normalized", y);
    for (double[] row : y) {
      for (int j = 0; j < row.length; j++) {
        row[j] *= layer ? 1 : gain[j];
      }
    }
    return y;
  }

  private double[][] logits(UnembedConfig unembed, double[][] hidden) {
    double[][] logits =
        unembed.tied()
            ? biased("unembed.b_U", product(hidden, transposed(matrix("embed.W_E"))))
            : linear("unembed.", "U", hidden);
    for (double[] row : logits) {
      for (int j = 0; j < row.length; j++) {
        row[j] = capped(row[j], unembed.softCap());
      }
    }
    return logits;
  }

  private double[][] linear(String place, String letters, double[][] x) {
    return biased(place + "b_" + letters, product(x, matrix(place + "W_" + letters)));
  }

  private double[][] biased(String name, double[][] x) {
    if (weights.contains(name)) {
      double[] bias = vector(name);
      for (double[] row : x) {
        for (int j = 0; j < row.length; j++) {
          row[j] += bias[j];
        }
      }
    }
    return x;
  }

  private static double[][] product(double[][] x, double[][] weight) {
    double[][] y = new double[x.length][weight[0].length];
    for (int i = 0; i < x.length; i++) {
      for (int j = 0; j < y[i].length; j++) {
        for (int p = 0; p < weight.length; p++) {
          y[i][j] += x[i][p] * weight[p][j];
        }
      }
    }
    return y;
  }

  private static double[][] transposed(double[][] matrix) {
    double[][] transposed = new double[matrix[0].length][matrix.length];
    for (int i = 0; i < matrix.length; i++) {
      for (int j = 0; j < matrix[i].length; j++) {
        transposed[j][i] = matrix[i][j];
      }
    }
    return transposed;
  }

  private static double[][] sum(double[][] a, double[][] b) {
    double[][] sum = new double[a.length][a[0].length];
    for (int i = 0; i < a.length; i++) {
      for (int j = 0; j < sum[i].length; j++) {
        sum[i][j] = a[i][j] + b[i][j];
      }
    }
    return sum;
  }

  private static double[] scaled(double[] row, double factor) {
    double[] scaled = row.clone();
    for (int j = 0; j < scaled.length; j++) {
      scaled[j] *= factor;
    }
    return scaled;
  }

  private double[] vector(String name) {
    return weights.of(name);
  }

  private double[][] matrix(String name) {
    double[] numbers = vector(name);
    int cols = WeightNames.shapes(config).getOrDefault(name, List.of(1)).getLast();
    double[][] matrix = new double[numbers.length / cols][cols];
    for (int i = 0; i < numbers.length; i++) {
      matrix[i / cols][i % cols] = numbers[i];
    }
    return matrix;
  }
}
