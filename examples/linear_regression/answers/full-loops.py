# %% hw1 predict
def predict(X, w, b):
    answers = []
    for row in X:
        answer = b
        for feature, weight in zip(row, w):
            answer = answer + feature * weight
        answers.append(answer)
    return np.array(answers)

# %% hw1 mse
def mse(y, y_pred):
    total = 0.0
    for target, guess in zip(y, y_pred):
        total += abs(target - guess) ** 2
    return total / len(y)

# %% hw1 mse_gradient
def mse_gradient(X, y, w, b):
    # The slopes of one sample after the other, without predict.
    grad_w, grad_b = [0.0] * len(w), 0.0
    for row, target in zip(X, y):
        miss = sum(row * w) + b - target
        for d in range(len(w)):
            grad_w[d] += 2 * miss * row[d] / len(y)
        grad_b += 2 * miss / len(y)
    return np.array(grad_w), grad_b

# %% hw1 written_scale
# The loss is 10,000 times as large and the slopes 100 times; the learning rate can stay.
