package mechinterp.circuits.graph;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import mechinterp.circuits.HandMadeModel;
import mechinterp.device.Device;
import mechinterp.model.HookPoint;
import mechinterp.model.Transformer;
import mechinterp.model.TransformerConfig;
import mechinterp.random.RandomStream;
import mechinterp.sae.CrossLayerSizes;
import mechinterp.sae.CrossLayerTranscoder;
import mechinterp.sae.JumpReluTranscoderConfig;
import mechinterp.sae.RandomSae;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeConfig;
import mechinterp.sae.SaeWeights;
import mechinterp.sae.ThresholdSae;
import mechinterp.sae.TranscoderConfig;
import mechinterp.tensor.FloatMatrix;

/** Transcoders for tests. */
final class Transcoders {
  static final int LATENTS = 23;

  private Transcoders() {}

  /** Returns random transcoders: of layer 0 JumpReLU, of others TopK with a skip connection. */
  static TranscoderSet random(Transformer model, String input) {
    TransformerConfig config = model.config();
    List<TranscoderSet.Member> members = new ArrayList<>();
    for (int layer = 0; layer < config.nLayers(); layer++) {
      Sae sae = random(model.device(), config.dModel(), layer);
      members.add(
          new TranscoderSet.Member(HookPoint.inBlock(layer, input), HookPoint.mlpOut(layer), sae));
    }
    return TranscoderSet.ofLayers(model, members);
  }

  static Sae random(Device device, int width, int layer) {
    SaeConfig config =
        layer == 0
            ? new JumpReluTranscoderConfig(width, width, LATENTS, false)
            : TranscoderConfig.of(width, width, LATENTS, 5).withSkip(true);
    Sae sae = Sae.allocate(device, config);
    fill(device, sae, layer);
    return sae;
  }

  private static void fill(Device device, Sae sae, int seed) {
    RandomStream random = RandomStream.of(seed, "transcoder");
    SaeWeights weights = sae.weights();
    List<FloatMatrix> all =
        new ArrayList<>(List.of(weights.wEnc(), weights.bEnc(), weights.wDec(), weights.bDec()));
    sae.skip().ifPresent(all::add);
    for (int i = 0; i < all.size(); i++) {
      RandomSae.fill(device, all.get(i), random, 1_000_000L * i);
    }
    if (sae instanceof ThresholdSae jump) {
      device.kernels().fill(jump.thresholds(), 0.2f);
    }
    sae.weightsChanged();
  }

  static TranscoderSet crossLayer(Transformer model, String input) {
    int width = model.config().dModel();
    CrossLayerTranscoder transcoder =
        CrossLayerTranscoder.allocate(
            model.device(), new CrossLayerSizes(model.config().nLayers(), width, LATENTS, true));
    for (int layer = 0; layer < model.config().nLayers(); layer++) {
      fill(model.device(), transcoder.layer(layer), layer);
      FloatMatrix bias = transcoder.layer(layer).weights().bDec();
      if (bias.cols() > width) {
        model.device().kernels().fill(bias.columnRange(width, bias.cols()), 0);
      }
      RandomSae.fill(
          model.device(), transcoder.skip(layer).orElseThrow(), RandomStream.of(layer, "skip"), 0);
    }
    transcoder.weightsChanged();
    return TranscoderSet.ofCrossLayer(model, transcoder, input);
  }

  /** Returns a transcoder with the weights of a ReLU MLP. */
  static TranscoderSet ofMlps(Transformer model, HandMadeModel weights) {
    List<TranscoderSet.Member> members =
        IntStream.range(0, model.config().nLayers())
            .mapToObj(layer ->
                new TranscoderSet.Member(
                    HookPoint.mlpIn(layer),
                    HookPoint.mlpOut(layer),
                    ofMlp(model.device(), weights, "blocks." + layer + ".mlp.")))
            .toList();
    return TranscoderSet.ofLayers(model, members);
  }

  private static Sae ofMlp(Device device, HandMadeModel weights, String at) {
    int width = weights.shape(at + "W_in").getFirst();
    int neurons = weights.shape(at + "W_in").getLast();
    Sae sae = relu(device, width, neurons);
    float[] in = weights.floats(at + "W_in");
    float[] rows = new float[in.length];
    for (int i = 0; i < in.length; i++) {
      rows[i % neurons * width + i / neurons] = in[i];
    }
    device.upload(sae.weights().wEnc(), rows, 0);
    device.upload(sae.weights().bEnc(), weights.floats(at + "b_in"), 0);
    device.upload(sae.weights().wDec(), weights.floats(at + "W_out"), 0);
    device.upload(sae.weights().bDec(), weights.floats(at + "b_out"), 0);
    sae.weightsChanged();
    return sae;
  }

  private static Sae relu(Device device, int width, int latents) {
    return Sae.allocate(device, new JumpReluTranscoderConfig(width, width, latents, false));
  }

  /** Returns the neurons of {@link HandMadeModel#relay} as latents; of layer 1 or not. */
  static TranscoderSet relay(Transformer model, boolean both) {
    List<TranscoderSet.Member> members = new ArrayList<>();
    for (int layer = 0; layer < (both ? 2 : 1); layer++) {
      Sae sae = relu(model.device(), HandMadeModel.relayWidth(), 6);
      for (int neuron = 0; neuron < 6; neuron++) {
        int from =
            layer == 0
                ? HandMadeModel.FIRST_RELAYED_TOKEN + neuron
                : HandMadeModel.RELAYED + neuron;
        int to = (layer == 0 ? HandMadeModel.RELAYED : HandMadeModel.PREDICTED) + neuron;
        set(model.device(), sae.weights().wEnc(), neuron, from, 1);
        set(model.device(), sae.weights().wDec(), neuron, to, layer == 0 ? 2 : 3);
      }
      sae.weightsChanged();
      members.add(new TranscoderSet.Member(HookPoint.mlpIn(layer), HookPoint.mlpOut(layer), sae));
    }
    return TranscoderSet.ofLayers(model, members);
  }

  private static void set(Device device, FloatMatrix matrix, int row, int col, float value) {
    device.kernels().fill(matrix.row(row).columnRange(col, col + 1), value);
  }
}
