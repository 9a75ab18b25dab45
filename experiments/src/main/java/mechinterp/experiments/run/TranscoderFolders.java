package mechinterp.experiments.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import mechinterp.circuits.graph.TranscoderSet;
import mechinterp.model.HookPoint;
import mechinterp.model.Transformer;
import mechinterp.sae.CrossLayerTranscoder;
import mechinterp.sae.file.CrossLayerTranscoderFiles;
import mechinterp.sae.file.LoadedCrossLayerTranscoder;
import mechinterp.sae.file.LoadedSae;
import mechinterp.sae.file.SaeFormats;

/**
 * Transcoders of a model's layers where people keep them: a folder or file for each, a folder of
 * such folders as {@code train --sweep} writes it, circuit-tracer's folder of a set, or a
 * cross-layer transcoder.
 */
public final class TranscoderFolders {
  private static final Pattern LAYER_FILE = Pattern.compile("layer_\\d{1,9}\\.safetensors");

  private final Transformer model;
  private final Optional<String> input;

  /**
   * Reads for a model.
   *
   * @param input the site in each block that is encoded, such as {@code hook_mlp_in}, in place of
   *     what files say
   */
  public TranscoderFolders(Transformer model, Optional<String> input) {
    this.model = model;
    this.input = input;
  }

  /**
   * What was read.
   *
   * @param set all of it
   * @param members transcoders of single layers; none of a cross-layer transcoder
   * @param crossLayer the cross-layer transcoder, if it is one
   */
  public record Loaded(
      TranscoderSet set, List<TranscoderSet.Member> members, Optional<CrossLayer> crossLayer) {
    /** Keeps the list. */
    public Loaded {
      members = List.copyOf(members);
    }

    /**
     * Returns a transcoder for each layer, with whose latents contexts are found: of a cross-layer
     * transcoder copies, {@link CrossLayerTranscoder#summed}.
     */
    public List<TranscoderSet.Member> shown() {
      return crossLayer.map(CrossLayer::members).orElse(members);
    }
  }

  /**
   * A cross-layer transcoder.
   *
   * @param site in each block, what its latents see
   */
  public record CrossLayer(CrossLayerTranscoder transcoder, String site) {
    private List<TranscoderSet.Member> members() {
      return IntStream.range(0, transcoder.config().layers())
          .mapToObj(layer ->
              new TranscoderSet.Member(
                  HookPoint.inBlock(layer, site),
                  HookPoint.mlpOut(layer),
                  transcoder.summed(layer)))
          .toList();
    }
  }

  /**
   * Reads transcoders.
   *
   * @throws IllegalArgumentException when one is of another model or hook point
   * @throws IOException when one cannot be read
   */
  public Loaded load(List<Path> places) throws IOException {
    if (places.size() == 1 && CrossLayerTranscoderFiles.areIn(places.getFirst())) {
      CrossLayer read = crossLayer(places.getFirst());
      return new Loaded(
          TranscoderSet.ofCrossLayer(model, read.transcoder(), read.site()),
          List.of(),
          Optional.of(read));
    }
    List<TranscoderSet.Member> members = new ArrayList<>();
    for (Path place : places) {
      for (Path each : single(place)) {
        members.add(member(each));
      }
    }
    return new Loaded(TranscoderSet.ofLayers(model, members), members, Optional.empty());
  }

  private CrossLayer crossLayer(Path folder) throws IOException {
    LoadedCrossLayerTranscoder loaded = CrossLayerTranscoderFiles.load(folder, model.device());
    String site =
        input
            .or(() -> loaded.metadata().text("feature_input_hook"))
            .orElseThrow(() -> unnamed(folder));
    return new CrossLayer(loaded.transcoder(), site);
  }

  private static IllegalArgumentException unnamed(Path place) {
    return new IllegalArgumentException(
        "%s: its files do not say what the transcoder encodes; name it, such as hook_mlp_in"
            .formatted(place));
  }

  /** Returns a place itself, or the transcoders that it holds. */
  private static List<Path> single(Path place) throws IOException {
    if (!Files.isDirectory(place)) {
      return List.of(place);
    }
    try (Stream<Path> inside = Files.list(place)) {
      List<Path> held =
          inside
              .filter(path ->
                  LAYER_FILE.matcher(String.valueOf(path.getFileName())).matches()
                      || Files.exists(path.resolve("cfg.json")))
              .sorted()
              .toList();
      return held.isEmpty() ? List.of(place) : held;
    }
  }

  private TranscoderSet.Member member(Path place) throws IOException {
    LoadedSae loaded = SaeFormats.load(place, model.device());
    SaeSource.requireModel(loaded, model);
    HookPoint output =
        loaded
            .metadata()
            .text("hook_name_out")
            .map(HookPoint::parse)
            .or(() -> layer(loaded).map(HookPoint::mlpOut))
            .orElseThrow(() -> unnamed(place));
    HookPoint encoded =
        input
            .flatMap(site ->
                output.layer().stream().mapToObj(l -> HookPoint.inBlock(l, site)).findFirst())
            .or(() -> loaded.metadata().hookName().map(HookPoint::parse))
            .orElseThrow(() -> unnamed(place));
    return new TranscoderSet.Member(encoded, output, loaded.sae());
  }

  private static Optional<Integer> layer(LoadedSae loaded) {
    return loaded.metadata().number("layer").map(Double::intValue);
  }
}
