"""Adam: Diederik P. Kingma, Jimmy Ba, 2015, "Adam: A Method for Stochastic Optimization", https://arxiv.org/abs/1412.6980."""

import keras
import tensorflow as tf


class Adam(keras.optimizers.Adam):
    """`keras.optimizers.Adam`, its arguments, variables and numbers, in TensorFlow's fused operation.

    Keras writes 35 operations for every variable, which are half of the graph of a training step of many small layers,
    and of the time from the command to its first execution.
    """

    def _backend_update_step(self, grads, trainable_variables, learning_rate):
        # The corrections of both biases, once for all variables (the end of section 2).
        step = tf.cast(self.iterations.value + 1, tf.float32)
        rate = tf.cast(learning_rate, tf.float32)
        rate *= tf.sqrt(1.0 - self.beta_2**step) / (1.0 - self.beta_1**step)
        super()._backend_update_step(grads, trainable_variables, rate)

    def update_step(self, gradient, variable, learning_rate):
        index = self._get_variable_index(variable)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=0.0,  # `learning_rate` is corrected
            beta2_power=0.0,
            lr=learning_rate,
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tf.convert_to_tensor(gradient),
        )
