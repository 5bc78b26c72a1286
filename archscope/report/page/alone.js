// One diagram by itself, in the output of a notebook.

const NETWORKS = DATA.networks.map((data, number) => new Network(data, number));
document.body.append(tip);
look.apply();
const viewer = new Viewer(NETWORKS[0], {});
find("#network").append(viewer.element);
viewer.setColour(DATA.colour);
document.documentElement.dataset.ready = "yes";
