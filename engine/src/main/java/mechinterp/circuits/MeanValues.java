package mechinterp.circuits;

import mechinterp.metrics.TextRows;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;

/** The means of latents and errors over tokens of text. */
final class MeanValues {
  private final Sae sae;
  private final double[] latents;
  private final double[] error;

  private MeanValues(Sae sae, double[] latents, double[] error) {
    this.sae = sae;
    this.latents = latents;
    this.error = error;
  }

  /** Adds up tokens. */
  static final class Sums {
    private final Sae sae;
    private final double[] latents;
    private final double[] error;
    private long tokens;

    Sums(Sae sae) {
      this.sae = sae;
      this.latents = new double[sae.dSae()];
      this.error = new double[sae.dIn()];
    }

    void add(SiteValues values, Transformer model, TokenBatch batch) {
      float[] errors = sae.device().toHost(values.error());
      TokenCodes codes = values.codes();
      for (TextRows rows : TextRows.of(model.tokenizer(), batch)) {
        for (int row = rows.from(); row < rows.to(); row++) {
          for (int i = codes.start(row); i < codes.end(row); i++) {
            latents[codes.latent(i)] += codes.value(i);
          }
          for (int j = 0; j < error.length; j++) {
            error[j] += errors[row * error.length + j];
          }
          tokens++;
        }
      }
    }

    MeanValues means() {
      return new MeanValues(sae, divided(latents), divided(error));
    }

    private double[] divided(double[] sums) {
      double[] means = new double[sums.length];
      for (int i = 0; i < sums.length; i++) {
        means[i] = sums[i] / Math.max(1, tokens);
      }
      return means;
    }
  }

  /** Returns the means for text, and for special tokens what they have. */
  SiteValues values(SiteValues own, Transformer model, TokenBatch batch) {
    TokenCodes.Builder codes = new TokenCodes.Builder(sae.dSae());
    float[] errors = sae.device().toHost(own.error());
    int done = 0;
    for (TextRows rows : TextRows.of(model.tokenizer(), batch)) {
      for (; done < rows.to(); done++) {
        if (done >= rows.from()) {
          addRow(codes, errors, done);
        }
        codes.endRow();
      }
    }
    for (; done < batch.tokens(); done++) {
      codes.endRow();
    }
    FloatMatrix error = sae.device().matrix(batch.tokens(), sae.dIn(), errors);
    return new SiteValues(codes.build(), error);
  }

  private void addRow(TokenCodes.Builder codes, float[] errors, int row) {
    for (int latent = 0; latent < latents.length; latent++) {
      codes.add(latent, (float) latents[latent]);
    }
    for (int j = 0; j < error.length; j++) {
      errors[row * error.length + j] = (float) error[j];
    }
  }
}
