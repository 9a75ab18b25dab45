package mechinterp.model.bert;

import java.util.LinkedHashMap;
import java.util.Map;
import mechinterp.model.TransformerConfig;

/**
 * BERT once more, in plain loops over doubles, one sequence at a time, straight from the paper:
 * what the model is checked against. An editor sees every activation under its hook's name and may
 * change it.
 */
final class NaiveBert {
  /** Changes an activation in place, or leaves it. */
  interface Editor {
    void edit(String hook, double[][] activation);
  }

  private final TransformerConfig config = TinyBert.CONFIG;
  private final TinyBert weights;
  private final Editor editor;
  private final Map<String, double[][]> seen = new LinkedHashMap<>();

  private NaiveBert(TinyBert weights, Editor editor) {
    this.weights = weights;
    this.editor = editor;
  }

  /** Returns every activation of a sequence, edited, and the output under "output". */
  static Map<String, double[][]> run(TinyBert weights, int[] ids, Editor editor) {
    NaiveBert run = new NaiveBert(weights, editor);
    double[][] x = run.embed(ids);
    for (int layer = 0; layer < run.config.nLayers(); layer++) {
      x = run.block(layer, x);
    }
    run.seen.put("output", x);
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
    int n = ids.length;
    int d = config.dModel();
    float[] words = weights.floats("embeddings.word_embeddings.weight");
    float[] positions = weights.floats("embeddings.position_embeddings.weight");
    float[] types = weights.floats("embeddings.token_type_embeddings.weight");
    double[][] word = new double[n][d];
    double[][] position = new double[n][d];
    double[][] type = new double[n][d];
    for (int t = 0; t < n; t++) {
      for (int j = 0; j < d; j++) {
        word[t][j] = words[ids[t] * d + j];
        position[t][j] = positions[t * d + j];
        type[t][j] = types[j];
      }
    }
    hook("embed.hook_embed", word);
    hook("embed.hook_pos_embed", position);
    hook("embed.hook_token_type_embed", type);
    return hook("hook_full_embed", norm("embeddings.LayerNorm", sum(sum(word, position), type)));
  }

  private double[][] block(int layer, double[][] input) {
    String at = "blocks." + layer + ".";
    String name = "encoder.layer." + layer + ".";
    double[][] x = hook(at + "hook_resid_pre", input);
    double[][] q = hook(at + "attn.hook_q", linear(name + "attention.self.query", x));
    double[][] k = hook(at + "attn.hook_k", linear(name + "attention.self.key", x));
    double[][] v = hook(at + "attn.hook_v", linear(name + "attention.self.value", x));
    double[][] z = hook(at + "attn.hook_z", attention(q, k, v));
    double[][] attention = hook(at + "hook_attn_out", linear(name + "attention.output.dense", z));
    double[][] mid = hook(at + "hook_resid_mid", sum(x, attention));
    hook(at + "hook_mlp_in", mid);
    double[][] normal = norm(name + "attention.output.LayerNorm", mid);
    double[][] pre = hook(at + "mlp.hook_pre", linear(name + "intermediate.dense", normal));
    double[][] post = hook(at + "mlp.hook_post", gelu(pre));
    double[][] mlp = hook(at + "hook_mlp_out", linear(name + "output.dense", post));
    double[][] last = hook(at + "hook_resid_post", sum(normal, mlp));
    return hook(at + "hook_normalized_resid_post", norm(name + "output.LayerNorm", last));
  }

  private double[][] attention(double[][] q, double[][] k, double[][] v) {
    double[][] z = new double[q.length][q[0].length];
    for (int head = 0; head < config.nHeads(); head++) {
      int first = head * config.dHead();
      for (int i = 0; i < q.length; i++) {
        double[] weight = new double[k.length];
        double total = 0;
        for (int j = 0; j < k.length; j++) {
          double dot = 0;
          for (int c = first; c < first + config.dHead(); c++) {
            dot += q[i][c] * k[j][c];
          }
          weight[j] = Math.exp(dot / Math.sqrt(config.dHead()));
          total += weight[j];
        }
        for (int j = 0; j < k.length; j++) {
          for (int c = first; c < first + config.dHead(); c++) {
            z[i][c] += weight[j] / total * v[j][c];
          }
        }
      }
    }
    return z;
  }

  private double[][] linear(String name, double[][] x) {
    float[] weight = weights.floats(name + ".weight");
    float[] bias = weights.floats(name + ".bias");
    double[][] y = new double[x.length][bias.length];
    for (int i = 0; i < x.length; i++) {
      for (int j = 0; j < bias.length; j++) {
        y[i][j] = bias[j];
        for (int p = 0; p < x[i].length; p++) {
          y[i][j] += x[i][p] * weight[p * bias.length + j];
        }
      }
    }
    return y;
  }

  private double[][] norm(String name, double[][] x) {
    float[] gain = weights.floats(name + ".weight");
    float[] bias = weights.floats(name + ".bias");
    double[][] y = new double[x.length][gain.length];
    for (int i = 0; i < x.length; i++) {
      double mean = 0;
      double square = 0;
      for (double value : x[i]) {
        mean += value / gain.length;
        square += value * value / gain.length;
      }
      double deviation = Math.sqrt(square - mean * mean + config.norm().epsilon());
      for (int j = 0; j < gain.length; j++) {
        y[i][j] = (x[i][j] - mean) / deviation * gain[j] + bias[j];
      }
    }
    return y;
  }

  private static double[][] gelu(double[][] x) {
    double[][] y = new double[x.length][x[0].length];
    for (int i = 0; i < x.length; i++) {
      for (int j = 0; j < y[i].length; j++) {
        y[i][j] = x[i][j] * 0.5 * (1 + erf(x[i][j] / Math.sqrt(2)));
      }
    }
    return y;
  }

  /** The Maclaurin series, good to 1e-9 for |x| below 4. */
  private static double erf(double x) {
    double term = x;
    double sum = x;
    for (int n = 1; n < 120; n++) {
      term *= -x * x / n;
      sum += term / (2 * n + 1);
    }
    return 2 / Math.sqrt(Math.PI) * sum;
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
}
