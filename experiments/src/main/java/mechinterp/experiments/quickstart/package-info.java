/**
 * The first run: from text to an autoencoder with its metrics, features and report.
 * docs/quickstart.md explains the choices.
 */
@NullMarked
package mechinterp.experiments.quickstart;

import org.jspecify.annotations.NullMarked;
