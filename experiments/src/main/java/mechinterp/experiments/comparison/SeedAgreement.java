package mechinterp.experiments.comparison;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import mechinterp.analysis.DecoderGeometry;
import mechinterp.device.Device;
import mechinterp.sae.file.SaeFiles;

/**
 * Whether trainings that differ by their seed find the same dictionary. For each latent the largest
 * cosine of its decoder row with a row of another seed's; of these the mean (mean max cosine
 * similarity, Sharkey et al. 2022) and the share above .7, means over the other seeds.
 */
final class SeedAgreement {
  private static final float SAME = 0.7f;

  private SeedAgreement() {}

  /** Returns the figures of each seed by name: none where there is one seed alone. */
  static List<Map<String, Double>> of(List<ReportedCell> seeds, Device device) throws IOException {
    List<DecoderGeometry> decoders = new ArrayList<>();
    for (ReportedCell seed : seeds) {
      decoders.add(new DecoderGeometry(SaeFiles.load(seed.sae(), device).sae()));
    }
    return decoders.stream().map(decoder -> figures(decoder, decoders)).toList();
  }

  private static Map<String, Double> figures(DecoderGeometry one, List<DecoderGeometry> all) {
    double cosines = 0;
    double same = 0;
    long compared = 0;
    for (DecoderGeometry other : all) {
      if (other != one) {
        for (float cosine : one.largestCosines(other)) {
          cosines += cosine;
          same += cosine > SAME ? 1 : 0;
          compared++;
        }
      }
    }
    Map<String, Double> figures = new LinkedHashMap<>();
    if (compared > 0) {
      figures.put("seed_cosine", cosines / compared);
      figures.put("seed_match", same / compared);
    }
    return figures;
  }
}
