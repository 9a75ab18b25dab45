package mechinterp.model;

import java.io.IOException;
import java.util.SortedMap;
import java.util.TreeMap;
import mechinterp.io.FormatException;
import mechinterp.io.JsonField;
import mechinterp.io.ShardedSafetensors;
import mechinterp.model.family.CanonicalWeights;

/** Opens models of a config.json and safetensors. */
final class SafetensorsModel {
  private SafetensorsModel() {}

  /**
   * Opens a model, which takes over the files.
   *
   * @throws mechinterp.io.FormatException when the tensors are not those that the config asks for
   */
  static OpenModel open(String name, JsonField json, ShardedSafetensors files, OpenModel.Hash hash)
      throws IOException {
    boolean complete = false;
    try {
      TransformerConfig config = Families.config(name, json);
      Weights weights =
          CanonicalWeights.of(
              new SafetensorsWeights(files), Families.of(json).names(config), config);
      OpenModel model =
          new OpenModel(
              config,
              weights,
              SpecialIds.read(json),
              "safetensors",
              encodings(files),
              files.dataBytes(),
              hash,
              files::close);
      complete = true;
      return model;
    } finally {
      if (!complete) {
        files.close();
      }
    }
  }

  private static SortedMap<String, Integer> encodings(ShardedSafetensors files)
      throws FormatException {
    SortedMap<String, Integer> counts = new TreeMap<>();
    for (String tensor : files.tensors()) {
      counts.merge(files.info(tensor).dtype().name(), 1, Integer::sum);
    }
    return counts;
  }
}
