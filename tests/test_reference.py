"""The reference, held against complex steps, differences and a real framework."""

from __future__ import annotations

import numpy as np
import pytest

from softmax_by_hand import lecture as r

K, D, N = 4, 6, 5


@pytest.fixture
def rng():
    return np.random.default_rng(20)


@pytest.fixture
def network(rng):
    W = rng.normal(size=(K, D + 1)) / 3
    return W, r.add_bias(rng.normal(size=(D, N))), np.array([0, K - 1, 1, 2, 0])


def complex_step(f, W, h=1e-30):
    """Return df/dW, exact to the last digits: the imaginary part of f(W + ih) / h."""
    gradient = np.zeros(W.shape + np.asarray(f(W.astype(complex))).shape)
    for index in np.ndindex(W.shape):
        step = np.zeros(W.shape, dtype=complex)
        step[index] = 1j * h
        gradient[index] = np.imag(f(W + step)) / h
    return gradient


def test_add_bias_puts_ones_last_and_makes_float64():
    Xb = r.add_bias(np.array([[2, 3, 4]]))
    assert Xb.dtype == np.float64
    np.testing.assert_array_equal(Xb, [[2, 3, 4], [1, 1, 1]])


def test_init_weights_has_the_asked_shape_and_spread(rng):
    W = r.init_weights(400, 30, rng, scale=0.5)
    assert W.shape == (30, 401)
    assert abs(W.std() - 0.5) < 0.02
    assert abs(W.mean()) < 0.02


def test_one_hot_columns_have_their_one_at_the_label():
    y = np.array([2, 0, 0, 1])
    Y = r.one_hot(y, 5)
    assert Y.shape == (5, 4)
    np.testing.assert_array_equal(Y.argmax(axis=0), y)
    np.testing.assert_array_equal(Y.sum(axis=0), np.ones(4))


def test_a_single_sample_is_a_column_of_the_batch(network):
    W, Xb, y = network
    Z = r.scores(W, Xb)
    A, Y = r.softmax(Z), r.one_hot(y, K)
    for n in range(N):
        np.testing.assert_allclose(r.scores(W, Xb[:, n]), Z[:, n], rtol=1e-12)
        np.testing.assert_allclose(r.softmax(Z[:, n]), A[:, n], rtol=1e-12)
        np.testing.assert_array_equal(r.cce_gradient(Y[:, n], A[:, n]), r.cce_gradient(Y, A)[:, n])
    losses = [r.cce(Y[:, n], A[:, n]) for n in range(N)]
    assert r.cce(Y, A) == pytest.approx(np.mean(losses), rel=1e-12)
    losses = [r.cce_from_scores(Z[:, n], int(y[n])) for n in range(N)]
    assert r.cce_from_scores(Z, y) == pytest.approx(np.mean(losses), rel=1e-12)


def test_softmax_does_not_change_with_a_constant(rng):
    z = rng.normal(size=(K, N))
    for constant in (1.0, 1000.0, -1000.0):
        np.testing.assert_allclose(r.softmax(z + constant), r.softmax(z), rtol=1e-10)


def test_cce_of_certain_predictions():
    Y = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert r.cce(Y, Y) == 0
    with np.errstate(divide="ignore"):
        assert r.cce(Y, 1 - Y) == np.inf


def test_cce_from_scores_of_an_impossible_class():
    assert r.cce_from_scores(np.array([0.0, -800.0]), 1) == 800.0


def test_cce_from_scores_is_cce_of_softmax(network):
    W, Xb, y = network
    Z = W @ Xb
    through_softmax = r.cce(r.one_hot(y, K), r.softmax(Z))
    assert r.cce_from_scores(Z, y) == pytest.approx(through_softmax, rel=1e-12)


def test_numerical_gradient_error_falls_with_the_square_of_h(rng):
    W = rng.normal(size=(2, 3))
    errors = [
        np.abs(r.numerical_gradient(lambda V: np.sum(np.exp(V)), W, h) - np.exp(W)).max()
        for h in (1e-2, 1e-3)
    ]
    assert errors[0] / errors[1] == pytest.approx(100, rel=0.01)


def test_numerical_gradient_of_integers_and_vectors():
    gradient = r.numerical_gradient(lambda w: float(w @ w), np.array([1, -2, 3]))
    np.testing.assert_allclose(gradient, [2, -4, 6], rtol=1e-8)


def test_cce_gradient_is_n_times_the_numerical_gradient_of_the_mean(network):
    W, Xb, y = network
    Y, A = r.one_hot(y, K), r.softmax(W @ Xb)
    numerical = r.numerical_gradient(lambda Yhat: r.cce(Y, Yhat), A)
    np.testing.assert_allclose(r.cce_gradient(Y, A), N * numerical, atol=1e-5)


def test_cce_gradient_counts_zero_over_zero_as_zero():
    y, a = np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.5, 0.5])
    np.testing.assert_array_equal(r.cce_gradient(y, a), [0, -2, 0])


def test_softmax_jacobian_against_the_complex_step(rng):
    z = rng.normal(size=K)
    J = r.softmax_jacobian(r.softmax(z))
    np.testing.assert_allclose(J, complex_step(r.softmax, z), atol=1e-15)
    np.testing.assert_allclose(J.sum(axis=1), 0, atol=1e-15)
    np.testing.assert_array_equal(J, J.T)


def test_scores_gradients_against_the_complex_step(network):
    W, Xb, _ = network
    x = Xb[:, 0]
    np.testing.assert_allclose(
        r.scores_gradient_x(W), complex_step(lambda v: r.scores(W, v), x), atol=1e-14
    )
    T = r.scores_gradient_W(x, K)
    np.testing.assert_allclose(T, complex_step(lambda V: r.scores(V, x), W), atol=1e-14)
    assert np.count_nonzero(T) == K * (D + 1)


def test_the_chain_of_factors_is_the_gradient_of_the_loss(network):
    W, Xb, labels = network
    x, y = Xb[:, 0], r.one_hot(labels, K)[:, 0]
    a = r.softmax(W @ x)
    chain = r.chain_rule(r.scores_gradient_W(x, K), r.softmax_jacobian(a), r.cce_gradient(y, a))
    gradient = r.loss_gradient(W, x, y)
    np.testing.assert_allclose(chain, gradient, rtol=1e-12, atol=1e-14)
    exact = complex_step(lambda V: -np.log(r.softmax(V @ x)[labels[0]]), W)
    np.testing.assert_allclose(gradient, exact, rtol=1e-12, atol=1e-14)
    numerical = r.numerical_gradient(lambda V: r.cce_from_scores(V @ x, labels[0]), W)
    np.testing.assert_allclose(gradient, numerical, atol=1e-8)


def test_everything_agrees_with_tensorflow(network):
    tf = pytest.importorskip("tensorflow")
    W, Xb, labels = network
    x, y = Xb[:, 0], r.one_hot(labels, K)[:, 0]
    v_W, v_x = tf.Variable(W), tf.Variable(x[:, None])
    with tf.GradientTape(persistent=True) as tape:
        z = tf.matmul(v_W, v_x)[:, 0]
        a = tf.nn.softmax(z)
        loss = -tf.reduce_sum(y * tf.math.log(a))
    assert loss.dtype == tf.float64

    def close(ours, theirs):
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-10, atol=1e-13)

    a_ours = r.softmax(r.scores(W, x))
    close(a_ours, a)
    close(r.cce(y, a_ours), loss)
    close(r.cce_from_scores(W @ x, labels[0]), loss)
    close(r.cce_gradient(y, a_ours), tape.gradient(loss, a))
    # The tape has numerator layout: output shape first.
    close(r.softmax_jacobian(a_ours), tf.transpose(tape.jacobian(a, z)))
    close(r.scores_gradient_W(x, K), tf.transpose(tape.jacobian(z, v_W), (1, 2, 0)))
    close(r.scores_gradient_x(W), tf.transpose(tape.jacobian(z, v_x)[:, :, 0]))
    close(r.loss_gradient(W, x, y), tape.gradient(loss, v_W))
    Z = W @ Xb
    batch = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, Z.T)
    close(r.cce_from_scores(Z, labels), tf.reduce_mean(batch))
    close(r.cce(r.one_hot(labels, K), r.softmax(Z)), tf.reduce_mean(batch))


def gradient_of(f, W):
    return r.numerical_gradient(f, W, 1e-5)


def test_softmax_backward_is_the_jacobian_times_the_slope_in_each_column(network, rng):
    W, Xb, _ = network
    A = r.softmax(W @ Xb)
    G = rng.normal(size=A.shape)
    columns = [r.softmax_jacobian(a) @ g for a, g in zip(A.T, G.T, strict=True)]
    np.testing.assert_allclose(r.softmax_backward(A, G), np.transpose(columns), atol=1e-15)


def test_dense_moves_against_the_mean_gradient_and_returns_the_slope_by_the_data(rng):
    layer = r.Dense(D, K, rng, 1.0)
    W, X, G = layer.W, rng.normal(size=(D, N)), rng.normal(size=(K, N))
    layer.forward(X)
    grad_x = layer.backward(G, 0.5)
    np.testing.assert_allclose(
        grad_x, gradient_of(lambda X: float(np.sum(G * (W @ r.add_bias(X)))), X), atol=1e-8
    )
    mean = gradient_of(lambda W: float(np.mean(np.sum(G * (W @ r.add_bias(X)), axis=0))), W)
    np.testing.assert_allclose((W - layer.W) / 0.5, mean, atol=1e-8)


def test_batch_gradient_with_its_penalty_is_the_gradient_of_what_is_minimised(network):
    W, Xb, y = network
    Y = r.one_hot(y, K)
    numerical = gradient_of(lambda W: r.cce_from_scores(W @ Xb, y) + r.l2_penalty(W, 0.3), W)
    found = r.batch_gradient(W, Xb, Y) + r.l2_gradient(W, 0.3)
    np.testing.assert_allclose(found, numerical, atol=1e-8)


def test_one_epoch_of_sgd_is_an_epoch_of_batches_of_one(rng):
    X, Y = rng.normal(size=(D, N)), r.one_hot(np.arange(N) % K, K)
    W, history = r.train(X, Y, 1, 1, 0.3, np.random.default_rng(3))
    twin = np.random.default_rng(3)
    start, order = r.init_weights(D, K, twin), twin.permutation(N)
    again, losses = r.sgd_epoch(start, X, Y, 0.3, order)
    np.testing.assert_allclose(W, again, atol=1e-14)
    assert history[0] == pytest.approx(losses.mean(), rel=1e-12)


@pytest.mark.parametrize("layer", [r.ReLU, r.Tanh, r.Sigmoid])
def test_layers_with_a_bend_return_the_slope_by_their_input(layer, rng):
    Z, G = rng.normal(size=(K, N)), rng.normal(size=(K, N))
    made = layer()
    made.forward(Z)
    numerical = gradient_of(lambda Z: float(np.sum(G * layer().forward(Z))), Z)
    np.testing.assert_allclose(made.backward(G), numerical, atol=1e-8)


def test_mse_gradient_is_n_times_the_numerical_gradient_of_the_mean(rng):
    y, Yhat = rng.normal(size=N), rng.normal(size=(1, N))
    numerical = gradient_of(lambda Yhat: r.mse(y, Yhat), Yhat)
    np.testing.assert_allclose(r.mse_gradient(y, Yhat), N * numerical, atol=1e-7)


def test_network_gradients_are_those_of_the_mean_loss(rng):
    net = r.Network(D, 6, K, rng)
    X, Y = rng.normal(size=(D, N)), r.one_hot(np.arange(N) % K, K)

    def loss(W1, W2):
        return r.cce(Y, r.softmax(W2 @ r.add_bias(np.tanh(W1 @ r.add_bias(X)))))

    net.forward(X)
    grad_W1, grad_W2 = net.backward(Y)
    np.testing.assert_allclose(grad_W1, gradient_of(lambda W: loss(W, net.W2), net.W1), atol=1e-8)
    np.testing.assert_allclose(grad_W2, gradient_of(lambda W: loss(net.W1, W), net.W2), atol=1e-8)


def test_confusion_matrix_counts_and_accuracy_is_its_diagonal(rng):
    y, guess = rng.integers(K, size=50), rng.integers(K, size=50)
    C = r.confusion_matrix(y, guess, K)
    assert C.sum() == 50
    np.testing.assert_array_equal(C.sum(axis=1), np.bincount(y, minlength=K))
    assert r.accuracy(y, guess) == pytest.approx(np.trace(C) / 50)
