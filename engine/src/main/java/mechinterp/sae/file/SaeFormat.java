package mechinterp.sae.file;

/** Layouts of files that hold a sparse autoencoder. */
public enum SaeFormat {
  /** {@code cfg.json} and {@code sae_weights.safetensors}, of SAELens. */
  SAELENS("saelens"),
  /** {@code cfg.json} and {@code sae.safetensors}, of EleutherAI's sparsify. */
  SPARSIFY("sparsify"),
  /** {@code config.json} and {@code ae.pt}, of dictionary_learning. */
  DICTIONARY_LEARNING("dictionary-learning"),
  /** {@code params.npz}, of Gemma Scope. */
  GEMMA_SCOPE("gemma-scope"),
  /** {@code config.json} and {@code params.safetensors}, of Gemma Scope 2. */
  GEMMA_SCOPE_2("gemma-scope-2"),
  /** {@code hyperparams.json} and {@code checkpoints/final.safetensors}, of Llama Scope. */
  LLAMA_SCOPE("llama-scope"),
  /** A {@code .pt} file with {@code pre_bias} and {@code latent_bias}, of OpenAI. */
  OPENAI("openai"),
  /** A {@code .pt} file with {@code encoder_linear} and {@code decoder_linear}, of Goodfire. */
  GOODFIRE("goodfire"),
  /**
   * {@code layer_N.safetensors}, a transcoder of circuit-tracer, or {@code W_enc_N.safetensors} and
   * {@code W_dec_N.safetensors}, one layer of its cross-layer transcoders.
   */
  CIRCUIT_TRACER("circuit-tracer");

  private final String label;

  SaeFormat(String label) {
    this.label = label;
  }

  /** Returns the name that the command line has for it. */
  public String label() {
    return label;
  }
}
