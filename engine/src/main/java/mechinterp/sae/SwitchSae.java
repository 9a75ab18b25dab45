package mechinterp.sae;

import java.util.ArrayList;
import java.util.List;
import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Operand;
import mechinterp.kernel.PackedMatrix;
import mechinterp.kernel.Write;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * The Switch autoencoder of Mudide et al. 2024 (arXiv 2410.08201):
 *
 * <pre>
 *   p  = softmax((x - b_router) W_router)           e the expert with the largest p
 *   z  = (x - b_dec) W_enc[e] + b_enc[e]            of the latents of e alone
 *   f  = p_e TopK_k(relu(z))
 *   x^ = f W_dec + b_dec</pre>
 *
 * With W_router [d_in, N]. Expert e has the latents from e d_sae / N on; W_enc[e] are their columns
 * of W_enc [d_in, d_sae]. The activations f have p_e in them, so that decoding is the same for
 * every kind. The paper has no b_enc. Of equal probabilities the first expert is chosen. The
 * weights of the other experts are not looked at: encoding costs an N-th of TopK's.
 */
public final class SwitchSae implements Sae {
  /** The name of the router's weights in files and among the parameters. */
  public static final String W_ROUTER = "W_router";

  /** The name of the router's bias in files and among the parameters. */
  public static final String B_ROUTER = "b_router";

  private final SwitchConfig config;
  private final SaeLayers layers;
  private final FloatMatrix wRouter;
  private final FloatMatrix bRouter;
  private final PackedMatrix router;
  private final FloatMatrix routerOffset;
  private final FloatMatrix offsetLogits;
  private final Routing routing;

  /** Declares an autoencoder in a workspace; all its weights are 0. */
  public SwitchSae(Workspace workspace, SwitchConfig config) {
    int experts = config.experts();
    this.config = config;
    this.layers = new SaeLayers(workspace, config, SaeWeights.declare(workspace, config), experts);
    this.wRouter = workspace.floats(W_ROUTER, experts, config.dIn());
    this.bRouter = workspace.floats(B_ROUTER, 1, config.dIn());
    this.router = workspace.packed("W_router packed", config.dIn(), experts);
    this.routerOffset = workspace.floats("b_dec - b_router", 1, config.dIn());
    this.offsetLogits = workspace.floats("logits of b_dec - b_router", 1, experts);
    this.routing = new Routing(workspace, config, SaeLayers.CHUNK);
  }

  /**
   * Returns a new autoencoder whose weights are all 0.
   *
   * @throws mechinterp.device.InsufficientMemoryException when it does not fit
   */
  public static SwitchSae allocate(Device device, SwitchConfig config) {
    String purpose = "Switch SAE (d_in %d, d_sae %d)".formatted(config.dIn(), config.dSae());
    return Workspace.allocate(purpose, device, workspace -> new SwitchSae(workspace, config));
  }

  @Override
  public SwitchConfig config() {
    return config;
  }

  @Override
  public Device device() {
    return layers.device();
  }

  @Override
  public SaeWeights weights() {
    return layers.weights();
  }

  /** Returns the router's weights themselves, a row for each expert [N, d_in]: W_router^T. */
  public FloatMatrix wRouter() {
    return wRouter;
  }

  /** Returns the router's bias itself [1, d_in], not a copy. */
  public FloatMatrix bRouter() {
    return bRouter;
  }

  /** Returns b_dec - b_router [1, d_in]: what the router sees more than the encoder. */
  public FloatMatrix routerOffset() {
    return routerOffset;
  }

  @Override
  public List<SaeParameter> parameters() {
    List<SaeParameter> parameters = new ArrayList<>(layers.parameters());
    parameters.add(SaeParameter.free(W_ROUTER, wRouter));
    parameters.add(SaeParameter.free(B_ROUTER, bRouter));
    return parameters;
  }

  @Override
  public int maxActive() {
    return config.k();
  }

  @Override
  public void prepareInputs(FloatMatrix out, FloatMatrix x) {
    layers.prepareInputs(out, x);
  }

  @Override
  public void encode(SparseCodes codes, FloatMatrix x) {
    layers.encode(codes, x, (part, inputs) -> encodePrepared(part, inputs, routing));
  }

  /**
   * Writes the active latents of tokens from which b_dec has been subtracted.
   *
   * @param route with room for the tokens; afterwards it says where they went
   */
  public void encodePrepared(SparseCodes codes, FloatMatrix inputs, Routing route) {
    Kernels kernels = device().kernels();
    route.begin(inputs.rows());
    kernels.matmulPacked(route.logits(), inputs, router);
    kernels.addRow(route.logits(), route.logits(), offsetLogits, 1);
    kernels.softmax(route.probabilities(), route.logits());
    route.choose();
    kernels.gatherRows(route.inputs(), inputs, route.order());
    for (int expert = 0; expert < config.experts(); expert++) {
      if (route.tokens(expert) > 0) {
        encodeExpert(codes, route, expert);
      }
    }
    kernels.codes().scaleRows(codes.values(), codes.values(), route.chosenProbabilities());
  }

  private void encodeExpert(SparseCodes codes, Routing route, int expert) {
    Kernels kernels = device().kernels();
    int first = expert * config.latentsOfExpert();
    FloatMatrix bias = weights().bEnc().columnRange(first, first + config.latentsOfExpert());
    SparseCodes found = route.codes(expert);
    kernels.encodeTopK(found, route.inputs(expert), layers.encoder(expert), bias, config.k());
    kernels.codes().scatter(codes, found, route.order(expert), first);
  }

  @Override
  public void decode(FloatMatrix out, SparseCodes codes) {
    layers.decode(out, codes);
  }

  @Override
  public void weightsChanged() {
    Kernels kernels = device().kernels();
    layers.weightsChanged();
    kernels.pack(router, wRouter, Operand.TRANSPOSED);
    kernels.subtract(routerOffset, weights().bDec(), bRouter);
    kernels.matmul(
        offsetLogits, routerOffset, Operand.AS_IS, wRouter, Operand.TRANSPOSED, Write.SET);
  }

  @Override
  public SwitchSae foldInputScale(double scale) {
    SwitchSae folded = allocate(device(), config);
    folded.layers.setFolded(layers, List.of(scale));
    device().kernels().scale(folded.wRouter, wRouter, (float) scale);
    device().kernels().scale(folded.bRouter, bRouter, (float) (1 / scale));
    folded.weightsChanged();
    return folded;
  }
}
