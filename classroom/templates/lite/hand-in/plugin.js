// What a student needs beyond JupyterLite's own: a download under the notebook's own name
// (JupyterLite's would call ps1/ps1.ipynb "ps1_ps1.ipynb", which is graded nowhere), and a
// word while Python starts. It is loaded as it stands: a container of one module, as
// JupyterLab's own build tool would write it.
(() => {
  const HAND_IN = "softmax-by-hand:hand-in";
  // Here Python's kernel has another name, by which nbgrader and Jupyter find none elsewhere.
  const KERNELSPEC = { display_name: "Python 3", language: "python", name: "python3" };

  const save = (name, text) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/x-ipynb+json" }));
    link.download = name;
    link.click();
    // The browser may still be reading it.
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  };

  const activate = ({ commands, shell, restored }) => {
    commands.addCommand(HAND_IN, {
      label: "Download to hand in",
      caption: "Save this notebook, and a copy of it on your computer: that file is what you hand in",
      execute: async () => {
        const { context } = shell.currentWidget;
        await context.ready;
        // The file is what stands on the page, even where the browser refuses to keep it.
        const notebook = context.model.toJSON();
        notebook.metadata.kernelspec = KERNELSPEC;
        save(context.path.split("/").pop(), JSON.stringify(notebook, null, 1) + "\n");
        await context.save();
      },
    });

    const told = new WeakSet();
    const tell = async (widget) => {
      const session = widget?.sessionContext;
      if (!session || told.has(session)) return;
      told.add(session);
      const id = await commands.execute("apputils:notify", {
        message: "Python is starting: half a minute, longer the first time. You can read already.",
        type: "in-progress",
        options: { autoClose: false },
      });
      await session.ready;
      await session.session?.kernel?.info;
      await commands.execute("apputils:update-notification", {
        // Not in `options`, as JupyterLab's text about this command has it: that is not looked at.
        id, message: "Python is ready.", type: "success", autoClose: 8000,
      });
    };
    shell.currentChanged.connect((_, { newValue }) => tell(newValue));
    restored.then(() => tell(shell.currentWidget));
  };

  const plugin = { id: "softmax-by-hand-lite:hand-in", autoStart: true, activate };
  window._JUPYTERLAB = window._JUPYTERLAB ?? {};
  window._JUPYTERLAB["softmax-by-hand-lite"] = {
    init: () => {},
    get: async () => () => ({ __esModule: true, default: plugin }),
  };
})();
