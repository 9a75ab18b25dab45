package mechinterp.sae.objective;

import java.util.List;
import java.util.Map;
import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Operand;
import mechinterp.kernel.Write;
import mechinterp.sae.Routing;
import mechinterp.sae.SwitchConfig;
import mechinterp.sae.SwitchSae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import mechinterp.tensor.SparseOuterProduct;

/**
 * The choice of {@link SwitchConfig}, its second loss, and what both losses ask of the router. With
 * h the router's logits of a token that goes to expert e, and f = p_e relu(z):
 *
 * <pre>
 *   dL/dz = p_e dL/df
 *   dL/dh = s (unit vector of e - p)  +  p (c - sum of p c)
 *   s     = sum over the active latents of f dL/df
 *   c_i   = load_balance d_in N F_i / V</pre>
 *
 * since dp_e/dh = p_e (unit vector of e - p); the second term is the gradient of the load balance.
 */
final class LoadBalance implements LatentChoice, SparsityPenalty {
  private final Device device;
  private final Kernels kernels;
  private final SwitchSae sae;
  private final SwitchConfig config;
  private final Routing routing;
  private final FloatMatrix shares;
  private final FloatMatrix logitGradients;
  private final FloatMatrix balanceGradients;
  private final FloatMatrix ofExperts;
  private final FloatMatrix weightGradient;
  private final FloatMatrix biasGradient;
  private final float[] onHost;

  LoadBalance(Workspace workspace, SwitchSae sae, int batchSize) {
    int experts = sae.config().experts();
    this.device = workspace.device();
    this.kernels = device.kernels();
    this.sae = sae;
    this.config = sae.config();
    this.routing = new Routing(workspace.within("batch"), config, batchSize);
    this.shares = workspace.floats("products of codes and gradients", batchSize, 1);
    this.logitGradients = workspace.floats("router logits' gradients", batchSize, experts);
    this.balanceGradients = workspace.floats("load balance gradients", batchSize, experts);
    this.ofExperts = workspace.floats("sums of experts", 1, experts);
    this.weightGradient = workspace.floats("W_router gradient", experts, sae.dIn());
    this.biasGradient = workspace.floats("b_router gradient", 1, sae.dIn());
    this.onHost = workspace.onHost(float[]::new, experts);
  }

  @Override
  public void choose(SparseCodes codes, FloatMatrix inputs) {
    sae.encodePrepared(codes, inputs, routing);
  }

  @Override
  public String name() {
    return SaeLoss.LOAD_BALANCE;
  }

  @Override
  public double backward(Batch batch) {
    FloatMatrix gradients = batch.codeGradients();
    kernels.rowDots(shares, gradients, batch.codes().values());
    kernels.scale(shares, shares, -1);
    kernels.crossEntropyBackward(logitGradients, routing.logits(), routing.chosenExperts(), shares);
    kernels.codes().scaleRows(gradients, gradients, routing.chosenProbabilities());
    double loss = balance(batch.inputs().rows(), batch.divisor());
    differentiateRouter(batch.inputs());
    return loss;
  }

  /** Returns the loss and adds its gradient to that of the logits. */
  private double balance(int tokens, double divisor) {
    double weight = config.loadBalance() * config.dIn() * config.experts() / divisor;
    FloatMatrix probabilities = routing.probabilities();
    kernels.sumRows(ofExperts, probabilities, Write.SET);
    device.download(onHost, 0, ofExperts);
    double loss = 0;
    for (int i = 0; i < onHost.length; i++) {
      double slope = weight * routing.tokens(i) / tokens;
      loss += slope * onHost[i];
      onHost[i] = (float) slope;
    }
    device.upload(ofExperts, onHost, 0);
    kernels.fill(balanceGradients, 0);
    kernels.addRow(balanceGradients, balanceGradients, ofExperts, 1);
    kernels.softmaxBackward(balanceGradients, balanceGradients, probabilities);
    kernels.add(logitGradients, logitGradients, balanceGradients);
    return loss;
  }

  /** The router's input is the encoder's and b_dec - b_router. */
  private void differentiateRouter(FloatMatrix inputs) {
    kernels.sumRows(ofExperts, logitGradients, Write.SET);
    kernels.matmul(
        weightGradient, logitGradients, Operand.TRANSPOSED, inputs, Operand.AS_IS, Write.SET);
    kernels.matmul(
        weightGradient,
        ofExperts,
        Operand.TRANSPOSED,
        sae.routerOffset(),
        Operand.AS_IS,
        Write.ADD);
    kernels.matmul(biasGradient, ofExperts, Operand.AS_IS, sae.wRouter(), Operand.AS_IS, Write.SET);
    kernels.scale(biasGradient, biasGradient, -1);
  }

  @Override
  public Map<String, SaeGradient> gradients() {
    return Map.of(
        SwitchSae.W_ROUTER,
        new SaeGradient.Dense(weightGradient),
        SwitchSae.B_ROUTER,
        new SaeGradient.Dense(biasGradient));
  }

  @Override
  public List<SparseOuterProduct> decoderTerms() {
    return List.of();
  }

  @Override
  public Map<String, long[]> numbers() {
    return Map.of();
  }
}
